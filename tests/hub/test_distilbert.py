"""DistilBERT, here and in `transformers`."""

from pathlib import Path

import pytest

from hub.parity import Case, require_parity, require_round_trip

SIZES = {"n_layers": 3, "dim": 24, "n_heads": 4, "hidden_dim": 50, "vocab_size": 37, "max_position_embeddings": 17}
CASES = [
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES),
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES | {"activation": "relu", "sinusoidal_pos_embds": True}),
    Case("DistilBertConfig", "DistilBertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("DistilBertConfig", "DistilBertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("DistilBertConfig", "DistilBertForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)
