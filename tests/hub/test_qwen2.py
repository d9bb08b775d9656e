"""Qwen 2, here and in `transformers`."""

from pathlib import Path

import pytest

from cutaway.errors import UserError
from hub.parity import Case, bring, require_parity, require_round_trip, require_same_text

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "pad_token_id": 0,
}
WINDOW = {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 0}
CASES = [
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES),
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | {"tie_word_embeddings": True, "rms_norm_eps": 0.1}, "left"),
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW),
    Case("Qwen2Config", "Qwen2ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("Qwen2Config", "Qwen2ForTokenClassification", SIZES | {"num_labels": 7}),
    Case("Qwen2Config", "Qwen2ForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_a_window_of_some_layers_is_refused(tmp_path: Path) -> None:
    case = Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW | {"max_window_layers": 1})
    with pytest.raises(UserError, match=r"use_sliding_window=True.*which cutaway does not have"):
        bring(case, tmp_path)
