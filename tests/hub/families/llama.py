"""Tiny models of Llama."""

from hub.parity import Case

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
DYNAMIC = {"rope_type": "dynamic", "factor": 3.0, "rope_theta": 70.0}
LONGROPE = {
    "rope_type": "longrope",
    "short_factor": [1.0, 1.1, 1.3, 1.6, 2.0],
    "long_factor": [1.0, 1.5, 2.5, 4.0, 6.0],
    "original_max_position_embeddings": 9,
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
    *(
        Case("LlamaConfig", "LlamaForCausalLM", SIZES | {"rope_parameters": longer} | context, apart=True)
        for longer, context in (
            (DYNAMIC, {"max_position_embeddings": 9}),
            (LONGROPE, {}),
            (LONGROPE | {"attention_factor": 1.4}, {}),
        )
    ),
    Case("LlamaConfig", "LlamaForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("LlamaConfig", "LlamaForSequenceClassification", SIZES | {"num_labels": 3}, "left"),
    Case("LlamaConfig", "LlamaForTokenClassification", SIZES | {"num_labels": 6}),
    Case("LlamaConfig", "LlamaForQuestionAnswering", SIZES),
]
