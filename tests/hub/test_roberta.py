"""RoBERTa and its variant with norms first, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest
import torch

from hub.parity import RELATIVE, Case, bring, difference, example, require_parity, require_round_trip

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "type_vocab_size": 1,
}
POSITIONS = "embeddings.position_embeddings.weight"


def case(head: str, prefix: str = "roberta", **options: Any) -> Case:
    """Rows of positions up to that of padding are of no text."""
    name = {"roberta": "Roberta", "roberta_prelayernorm": "RobertaPreLayerNorm"}[prefix]
    unused = {f"{prefix}.{POSITIONS}": options.get("pad_token_id", 1) + 1}
    return Case(f"{name}Config", f"{name}For{head}", SIZES | options, unused=unused)


CASES = [
    case("MaskedLM"),
    case("MaskedLM", hidden_act="relu", type_vocab_size=2, layer_norm_eps=0.1),
    case("MaskedLM", pad_token_id=0),
    case("SequenceClassification", num_labels=5),
    case("TokenClassification", num_labels=6),
    case("QuestionAnswering"),
    case("MaskedLM", "roberta_prelayernorm"),
    case("MaskedLM", "roberta_prelayernorm", pad_token_id=3, type_vocab_size=3),
    case("SequenceClassification", "roberta_prelayernorm", num_labels=5, hidden_act="relu"),
    case("TokenClassification", "roberta_prelayernorm", num_labels=6),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


@pytest.mark.parametrize("name", ["Roberta", "RobertaPreLayerNorm"])
@torch.no_grad()
def test_a_body_alone_gives_what_its_pooler_makes_of_the_first_token(name: str, tmp_path: Path) -> None:
    alone = Case(f"{name}Config", f"{name}Model", SIZES, unused={POSITIONS: 2})
    model, imported = bring(alone, tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert difference(imported.model(one.inputs, **one.ours), model(**one.theirs).pooler_output) <= RELATIVE
