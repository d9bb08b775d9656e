"""BART, mBART, Marian and M2M-100, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cutaway.config.reading import override
from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from cutaway.model.run_folder import read_json, write_json, write_tensors
from hub.families.bart import CLASSES, IDS, case
from hub.parity import RELATIVE, bring, difference, example


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Bart", {"normalize_before": True}),
        ("MBart", {"normalize_before": False}),
        ("MBart", {"add_final_layer_norm": False}),
        ("Marian", {"share_encoder_decoder_embeddings": False}),
        ("Marian", {"decoder_vocab_size": 41, "share_encoder_decoder_embeddings": True}),
    ],
    ids=str,
)
def test_other_stacks_are_refused(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    bring(case(name), tmp_path)
    write_json(tmp_path / "config.json", read_json(tmp_path / "config.json") | options)
    with pytest.raises(UserError, match=next(iter(options))):
        import_folder(tmp_path)


@pytest.mark.parametrize("name", CLASSES)
def test_the_longest_text_of_training_is_known(name: str, tmp_path: Path) -> None:
    assert bring(case(name), tmp_path)[1].config.model.context == 17


def test_positions_of_m2m_100_start_after_the_padding_token(tmp_path: Path) -> None:
    for padding in (1, 4):
        folder = tmp_path / str(padding)
        assert bring(case("M2M100", pad_token_id=padding), folder)[1].config.model.position.offset == padding + 1


@torch.no_grad()
def test_a_file_without_a_bias_of_logits_has_one_of_zeros(tmp_path: Path) -> None:
    model, imported = bring(case("Bart"), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    bias = tensors.pop("final_logits_bias")[0]
    write_tensors(tmp_path / "model.safetensors", {name.removeprefix("model."): one for name, one in tensors.items()})
    write_json(tmp_path / "config.json", read_json(tmp_path / "config.json") | {"architectures": ["BartModel"]})
    bare, one = import_folder(tmp_path), example(model)
    assert "not in the file, and zeros: final_logits_bias" in bare.notes
    assert difference(bare.model(one.inputs, **one.ours) + bias, imported.model(one.inputs, **one.ours)) <= RELATIVE


def test_a_model_without_a_bias_of_logits_goes_out(tmp_path: Path) -> None:
    _, imported = bring(case("Bart"), tmp_path / "theirs")
    config = override(imported.config, ["model.head.bias=false"])
    assert export_folder(build(config.model), config, tmp_path / "ours", IDS).model_type == "bart"
    assert not import_folder(tmp_path / "ours").model.head.projection.bias.any()
