"""BERT, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cutaway.config.reading import override
from cutaway.hub.exporting import Wishes, export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from cutaway.model.run_folder import write_tensors
from hub.families import bert, roberta
from hub.families.bert import SIZES
from hub.parity import RELATIVE, Case, bring, difference, example


@torch.no_grad()
def test_a_body_alone_gives_what_its_pooler_makes_of_the_first_token(tmp_path: Path) -> None:
    model, imported = bring(Case("BertConfig", "BertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert difference(imported.model(one.inputs, **one.ours), model(**one.theirs).pooler_output) <= RELATIVE


UNTIED = {"tie_word_embeddings": False}
SEPARATE = {
    "cls.predictions": Case("BertConfig", "BertForMaskedLM", bert.SIZES | UNTIED),
    "lm_head": roberta.case("MaskedLM", **UNTIED),
}


@pytest.mark.parametrize("head", SEPARATE)
@torch.no_grad()
def test_a_separate_head_of_older_files_has_its_bias_by_the_other_name(head: str, tmp_path: Path) -> None:
    model, imported = bring(SEPARATE[head], tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    own, other = tensors.pop(f"{head}.decoder.bias"), tensors[f"{head}.bias"]
    assert difference(own, other) > 0.1
    assert any("a bias that a separate head does not use" in note for note in imported.notes)
    write_tensors(tmp_path / "model.safetensors", tensors)
    older, one = import_folder(tmp_path), example(model)
    expected = imported.model(one.inputs, **one.ours) - own + other
    assert difference(older.model(one.inputs, **one.ours), expected) <= RELATIVE
    assert not older.notes


@pytest.mark.parametrize("head", SEPARATE)
def test_a_separate_head_goes_out_with_its_bias_by_both_names(head: str, tmp_path: Path) -> None:
    _, imported = bring(SEPARATE[head], tmp_path / "theirs")
    export_folder(imported.model, imported.config, tmp_path / "ours", {}, Wishes(1, imported.model_type))
    written = load_file(tmp_path / "ours/model.safetensors")
    assert torch.equal(written[f"{head}.bias"], written[f"{head}.decoder.bias"])
    assert torch.equal(written[f"{head}.bias"], imported.model.head.projection.bias)


def test_the_head_of_a_tied_model_is_written_once(tmp_path: Path) -> None:
    _, imported = bring(SEPARATE["cls.predictions"], tmp_path / "theirs")
    config = override(imported.config, ["model.head.tied=true"])
    export_folder(build(config.model), config, tmp_path / "ours", {})
    names = load_file(tmp_path / "ours/model.safetensors").keys()
    assert {name for name in names if "cls.predictions." in name and "transform" not in name} == {
        "cls.predictions.bias"
    }


def test_a_body_may_say_that_it_is_not_tied(tmp_path: Path) -> None:
    case = Case("BertConfig", "BertForSequenceClassification", SIZES | UNTIED | {"num_labels": 5})
    assert bring(case, tmp_path)[1].config.model.head.kind == "sequence"
