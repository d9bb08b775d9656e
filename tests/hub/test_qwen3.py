"""Qwen 3, here and in `transformers`."""

from pathlib import Path

import pytest

from hub.parity import Case, require_parity, require_round_trip, require_same_text

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 14,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
CASES = [
    Case("Qwen3Config", "Qwen3ForCausalLM", SIZES),
    Case("Qwen3Config", "Qwen3ForCausalLM", SIZES | {"tie_word_embeddings": True, "attention_bias": True}, "left"),
    Case("Qwen3Config", "Qwen3ForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("Qwen3Config", "Qwen3ForTokenClassification", SIZES | {"num_labels": 7}, "left"),
    Case("Qwen3Config", "Qwen3ForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)
