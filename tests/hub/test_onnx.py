"""Graphs for other runtimes."""

from pathlib import Path

import pytest
import torch

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.onnx.exporting import export_onnx
from cutaway.model.build import build
from support import require_module, run_python

EXPORT = """
import shutil
import sys
from pathlib import Path
import onnxruntime
import torch
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.onnx import exporting
from cutaway.model.build import build

torch.manual_seed(0)
SIZES = {"vocabulary": 37, "width": 24, "layers": 1, "context": 13}
MODEL = {"architecture": "encoder", "attention": {"heads": 4}, **SIZES}
GROUPED = {"heads": 4, "kv_heads": 2, "window": 5}
KINDS = {
    "text": {
        "norm": "rms", "position": "relative", "embedding": {"segments": 2},
        "head": {"kind": "sequence", "labels": 5, "pooling": "cls"},
    },
    "images": {
        "embedding": {"kind": "patches", "patch": 6, "channels": 2, "height": 12, "width": 18},
        "head": {"kind": "sequence", "labels": 5, "pooling": "cls"},
    },
    "decoder": {
        "architecture": "decoder", "layers": 2, "position": "rotary", "attention": GROUPED, "norm": "rms",
        "other_layers": {"layers": [0], "position": "none"},
    },
    "learned": {"architecture": "decoder", "position": "learned"},
    "latent": {"architecture": "decoder", "position": "rotary", "attention": {"kind": "latent", "heads": 4}},
    "decoding classifier": {
        "architecture": "decoder", "position": "alibi", "head": {"kind": "sequence", "labels": 5, "pooling": "last"},
    },
}
for name in sys.argv[1:]:
    choices = KINDS[name]
    config = RunConfig.model_validate({"model": MODEL | choices})
    model = build(config.model)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    difference = exporting.export_onnx(model, config, Path(name + ".onnx"))
    session = onnxruntime.InferenceSession(name + ".onnx")
    print("RESULT", name, difference < 1e-4, *[f"{one.name}{one.shape}" for one in session.get_inputs()])

# The graph of the last model, written for one of other weights.
copied = lambda model, c, path: shutil.copy(name + ".onnx", path)
exporting.write_whole = exporting.write_decoder = copied
try:
    exporting.export_onnx(build(config.model, seed=1), config, Path("wrong.onnx"))
except UserError as error:
    print("RESULT", error, Path("wrong.onnx").exists())
"""


SIZES = "['batch', 'length']"
TEXT = f"input_ids{SIZES} attention_mask"
PAST = "past_key_values"


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("images", "pixel_values['batch', 2, 12, 18]"),
        (
            "decoder",
            f"{TEXT}['batch', 'total'] "
            + " ".join(f"{PAST}.{i}.{name}['batch', 2, 'past', 6]" for i in (0, 1) for name in ("key", "value")),
        ),
        pytest.param("text", f"{TEXT}{SIZES} token_type_ids{SIZES}", marks=pytest.mark.heavy),
        pytest.param(
            "learned",
            f"{TEXT}['batch', 'total'] {PAST}.0.key['batch', 4, 'past', 6] {PAST}.0.value['batch', 4, 'past', 6]",
            marks=pytest.mark.heavy,
        ),
        pytest.param(
            "latent",
            f"{TEXT}['batch', 'total'] {PAST}.0.memory['batch', 1, 'past', 28]",
            marks=pytest.mark.heavy,
        ),
        pytest.param("decoding classifier", f"{TEXT}{SIZES}", marks=pytest.mark.heavy),
    ],
    ids=["images", "decoder", "text", "learned", "latent", "decoding classifier"],
)
def test_the_graph_answers_as_the_model_does_whatever_the_sizes(kind: str, inputs: str, tmp_path: Path) -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        require_module(name)
    printed = run_python(EXPORT, kind, folder=tmp_path).splitlines()
    right, wrong = [line for line in printed if line.startswith("RESULT")]
    assert wrong.startswith("RESULT the ONNX graph has other outputs")
    assert wrong.endswith("False")
    assert right == f"RESULT {kind} True {inputs}"


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        ({"architecture": "encoder_decoder"}, "ONNX export cannot hold an encoder with a decoder"),
        ({"architecture": "decoder", "feedforward": "experts"}, "cannot hold a mixture of experts"),
        ({"architecture": "encoder", "feedforward": "experts"}, "cannot hold a mixture of experts"),
        ({"architecture": "encoder", "position": "shortest_path"}, "cannot hold positions of nodes"),
    ],
    ids=str,
)
def test_what_has_no_graph_is_refused(choices: dict[str, str], complaint: str, tmp_path: Path) -> None:
    config = RunConfig.model_validate({"model": {"vocabulary": 37, "width": 24, "layers": 1, **choices}})
    with pytest.raises(UserError, match=complaint):
        export_onnx(build(config.model), config, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_too_large_for_a_file_is_refused(tmp_path: Path) -> None:
    config = RunConfig.model_validate({"model": {"architecture": "encoder", "vocabulary": 10**7, "layers": 1}})
    with torch.device("meta"):
        model = build(config.model)
    with pytest.raises(UserError, match="less than 2 GiB in fp32, and this one has 4"):
        export_onnx(model, config, tmp_path / "model.onnx")
