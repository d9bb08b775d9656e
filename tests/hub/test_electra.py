"""ELECTRA, here and in `transformers`: bodies, discriminators, and widths."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.hub.families.electra import ELECTRA
from hub.families.electra import SIZES
from hub.parity import RELATIVE, Case, bring, difference, example

TASK = "masked_language_modeling"


@pytest.mark.parametrize("name", ["ElectraModel", "ElectraForPreTraining"])
@torch.no_grad()
def test_a_body_gives_the_mean_of_its_tokens_whatever_head_its_file_has(name: str, tmp_path: Path) -> None:
    model, imported = bring(Case("ElectraConfig", name, SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    assert any("a head for replaced tokens" in note for note in imported.notes) == (name == "ElectraForPreTraining")
    one = example(model)
    assert one.mask is not None
    keep = one.mask[:, :, None]
    body = getattr(model, "electra", model)
    mean = (body(**one.theirs).last_hidden_state * keep).sum(dim=1) / keep.sum(dim=1)
    assert difference(imported.model(one.inputs, **one.ours), mean) <= RELATIVE


@pytest.mark.parametrize(
    ("given", "width", "own"),
    [({}, 256, 128), ({"hidden_size": 128}, 128, None), ({"embedding_size": 300}, 256, 300)],
    ids=["default", "equal", "wider"],
)
def test_an_embedding_has_a_width_of_its_own_if_it_is_another(
    given: dict[str, Any], width: int, own: int | None
) -> None:
    config = ModelConfig.model_validate(ELECTRA.read(given, TASK, "here"))
    assert (config.width, config.embedding.token_width) == (width, own)
    written = ELECTRA.write(config, TASK)
    assert (written["hidden_size"], written["embedding_size"]) == (width, own or width)
    assert ELECTRA.unheld(config, TASK) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"embedding": {"token_width": 24}}, "model.embedding.token_width=24"),
        ({"head": {"transform": "relu"}}, "model.head.transform=relu"),
        ({"head": {"transform_bias": False}}, "model.head.transform_bias=False"),
    ],
    ids=str,
)
def test_choices_that_the_family_lacks_are_named(changes: dict[str, Any], named: str) -> None:
    choices = ELECTRA.read(SIZES, TASK, "here")
    for part, changed in changes.items():
        choices[part] = {**choices[part], **changed}
    assert [one.partition(" ")[0] for one in ELECTRA.unheld(ModelConfig.model_validate(choices), TASK)] == [named]
