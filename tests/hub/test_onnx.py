"""Graphs for other runtimes."""

from pathlib import Path

import pytest
import torch

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.onnx import export_onnx
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
from cutaway.hub import onnx
from cutaway.model.build import build

torch.manual_seed(0)
MODEL = {"architecture": "encoder", "width": 24, "layers": 1, "attention": {"heads": 4}, "context": 13}
KINDS = {
    "text": {
        "vocabulary": 37, "norm": "rms", "position": "relative", "embedding": {"segments": 2},
        "head": {"kind": "sequence", "labels": 5, "pooling": "cls"},
    },
    "images": {
        "embedding": {"kind": "patches", "patch": 6, "channels": 2, "height": 12, "width": 18},
        "head": {"kind": "sequence", "labels": 5, "pooling": "cls"},
    },
}
for name in sys.argv[1:]:
    choices = KINDS[name]
    config = RunConfig.model_validate({"model": MODEL | choices})
    model = build(config.model)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    difference = onnx.export_onnx(model, config, Path(name + ".onnx"))
    session = onnxruntime.InferenceSession(name + ".onnx")
    print("RESULT", name, difference < 1e-4, *[f"{one.name}{one.shape}" for one in session.get_inputs()])

# The graph of the last model, written for one of other weights.
onnx._write = lambda model, c, path: shutil.copy(name + ".onnx", path)
try:
    onnx.export_onnx(build(config.model, seed=1), config, Path("wrong.onnx"))
except UserError as error:
    print("RESULT", error, Path("wrong.onnx").exists())
"""


SIZES = "['batch', 'length']"


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("images", "pixel_values['batch', 2, 12, 18]"),
        pytest.param("text", f"input_ids{SIZES} attention_mask{SIZES} token_type_ids{SIZES}", marks=pytest.mark.heavy),
    ],
    ids=["images", "text"],
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
        ({"architecture": "decoder"}, "ONNX export is for encoders and classifiers: .*architecture=decoder"),
        ({"architecture": "encoder_decoder"}, "ONNX export is for encoders and classifiers: .*=encoder_decoder"),
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
