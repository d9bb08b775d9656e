"""Llama, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from hub.parity import Case, bring, difference, require_parity, require_round_trip, require_same_text

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
LINEAR = {"rope_type": "linear", "factor": 3.0, "rope_theta": 70.0}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 0.5,
    "high_freq_factor": 2.0,
    "original_max_position_embeddings": 9,
    "rope_theta": 70.0,
}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "beta_slow": 0.5,
    "rope_theta": 70.0,
}
CASES = [
    Case("LlamaConfig", "LlamaForCausalLM", SIZES),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"tie_word_embeddings": True, "num_key_value_heads": 1}, "left"),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"attention_bias": True, "hidden_act": "gelu_new"}),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"mlp_bias": True, "head_dim": 6}, "left"),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": LINEAR}, "left"),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": LLAMA3}),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": YARN}),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": YARN | {"attention_factor": 1.3}}),
    Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": YARN | {"mscale": 0.7, "mscale_all_dim": 2.0}}),
    Case("LlamaConfig", "LlamaForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("LlamaConfig", "LlamaForSequenceClassification", SIZES | {"num_labels": 3}, "left"),
    Case("LlamaConfig", "LlamaForTokenClassification", SIZES | {"num_labels": 6}),
    Case("LlamaConfig", "LlamaForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


@torch.no_grad()
def test_a_body_alone_embeds_texts_by_their_last_token(tmp_path: Path) -> None:
    model, imported = bring(Case("LlamaConfig", "LlamaModel", SIZES), tmp_path)
    tokens = torch.randint(5, 37, (3, 11))
    last = model(tokens).last_hidden_state[:, -1]
    assert imported.config.task.kind == "sentence_embedding"
    assert difference(imported.model(tokens), last) <= 1e-5
