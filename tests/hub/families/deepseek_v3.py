"""Tiny models of DeepSeek-V3."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 50,
    "moe_intermediate_size": 24,
    "q_lora_rank": 18,
    "kv_lora_rank": 20,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 10,
    "v_head_dim": 14,
    "n_routed_experts": 6,
    "num_experts_per_tok": 3,
    "n_group": 3,
    "topk_group": 2,
    "n_shared_experts": 2,
    "first_k_dense_replace": 1,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
ONE_GROUP = {"n_group": 1, "topk_group": 1}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "beta_slow": 0.5,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "rope_theta": 70.0,
}
CASES = [
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"rope_parameters": YARN}, "left"),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"rope_parameters": YARN | {"mscale": 0.7}}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"q_lora_rank": None, "norm_topk_prob": False}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"attention_bias": True, "first_k_dense_replace": 0}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"attention_bias": True, "q_lora_rank": None}, "left"),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | ONE_GROUP | {"tie_word_embeddings": True}),
    Case("DeepseekV3Config", "DeepseekV3ForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("DeepseekV3Config", "DeepseekV3ForTokenClassification", SIZES | {"num_labels": 7}, "left"),
]
