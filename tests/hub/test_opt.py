"""OPT, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from cutaway.errors import UserError
from cutaway.hub.importing import import_folder
from hub.families.opt import AFTER, CASES, SIZES
from hub.parity import Case, bring, difference, example, require_same_text


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[4]], ids=["before", "after", "projected"])
def test_it_writes_the_same_with_a_cache(case: Case, tmp_path: Path) -> None:
    require_same_text(case, tmp_path)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CASES[0], ("pre", True)),
        (CASES[1], ("post", False)),
        (CASES[2], ("pre", False)),
        (Case("OPTConfig", "OPTForCausalLM", SIZES | AFTER | {"_remove_final_layer_norm": True}), ("post", False)),
    ],
    ids=["before", "after", "no last norm", "after, no last norm"],
)
def test_where_norms_are(case: Case, expected: tuple[str, bool], tmp_path: Path) -> None:
    config = bring(case, tmp_path)[1].config.model
    assert (config.residual, config.final_norm) == expected


@torch.no_grad()
def test_a_file_of_the_body_is_read_for_its_class_with_a_head(tmp_path: Path) -> None:
    """The first files of OPT lack the prefix of the body."""
    model, _ = bring(CASES[0], tmp_path)
    path = tmp_path / "model.safetensors"
    save_file({name.removeprefix("model."): tensor for name, tensor in load_file(path).items()}, path)
    one = example(model).alone()
    assert difference(import_folder(tmp_path).model(one.inputs), model(**one.theirs).logits) <= 1e-5


@torch.no_grad()
def test_a_body_alone_embeds_texts_by_their_last_token(tmp_path: Path) -> None:
    model, imported = bring(Case("OPTConfig", "OPTModel", SIZES), tmp_path)
    tokens = torch.randint(5, 37, (3, 11))
    assert imported.config.task.kind == "sentence_embedding"
    assert difference(imported.model(tokens), model(tokens).last_hidden_state[:, -1]) <= 1e-5


@pytest.mark.parametrize("name", ["OPTModel", "OPTForSequenceClassification", "OPTForQuestionAnswering"])
def test_an_embedding_of_another_width_is_refused_where_its_width_is_that_of_the_body(
    name: str, tmp_path: Path
) -> None:
    said = r"word_embed_proj_dim=16.*only a language model may have .* another width than the 24 of hidden states"
    with pytest.raises(UserError, match=said):
        bring(Case("OPTConfig", name, SIZES | {"word_embed_proj_dim": 16}), tmp_path)
