"""Mistral, here and in `transformers`."""

from pathlib import Path

import pytest

from hub.parity import Case, bring, require_parity, require_round_trip, require_same_text

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "sliding_window": 6,
    "pad_token_id": 0,
}
CASES = [
    Case("MistralConfig", "MistralForCausalLM", SIZES),
    Case("MistralConfig", "MistralForCausalLM", SIZES | {"tie_word_embeddings": True, "head_dim": 6}, "left"),
    Case("MistralConfig", "MistralForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("MistralConfig", "MistralForTokenClassification", SIZES | {"num_labels": 7}, "left"),
    Case("MistralConfig", "MistralForQuestionAnswering", SIZES),
]
WITHOUT_WINDOW = Case("MistralConfig", "MistralForCausalLM", SIZES | {"sliding_window": None})


@pytest.mark.parametrize("case", [*CASES, WITHOUT_WINDOW], ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_a_window_is_read_or_none(tmp_path: Path) -> None:
    windows = [bring(case, tmp_path)[1].config.model.attention.window for case in (CASES[0], WITHOUT_WINDOW)]
    assert windows == [6, None]
