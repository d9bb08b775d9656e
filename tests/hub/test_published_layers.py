"""Options as models with layers of two kinds publish them, and how many numbers such models have."""

from typing import Any

import pytest

from hub.published import require_as_many_numbers, require_choices

GEMMA2 = {  # Gemma 2 9B
    "architectures": ["Gemma2ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": 50.0,
    "bos_token_id": 2,
    "cache_implementation": "hybrid",
    "eos_token_id": 1,
    "final_logit_softcapping": 30.0,
    "head_dim": 256,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 3584,
    "initializer_range": 0.02,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "model_type": "gemma2",
    "num_attention_heads": 16,
    "num_hidden_layers": 42,
    "num_key_value_heads": 8,
    "pad_token_id": 0,
    "query_pre_attn_scalar": 224,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0,
    "sliding_window": 4096,
    "sliding_window_size": 4096,
    "torch_dtype": "float32",
    "use_cache": True,
    "vocab_size": 256000,
}
GEMMA3 = {  # Gemma 3 1B
    "architectures": ["Gemma3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": None,
    "bos_token_id": 2,
    "cache_implementation": "hybrid",
    "eos_token_id": [1, 106],
    "final_logit_softcapping": None,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 1152,
    "initializer_range": 0.02,
    "intermediate_size": 6912,
    "max_position_embeddings": 32768,
    "model_type": "gemma3_text",
    "num_attention_heads": 4,
    "num_hidden_layers": 26,
    "num_key_value_heads": 1,
    "pad_token_id": 0,
    "query_pre_attn_scalar": 256,
    "rms_norm_eps": 1e-06,
    "rope_local_base_freq": 10000,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": 512,
    "sliding_window_pattern": 6,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "vocab_size": 262144,
}
SMOLLM3 = {  # SmolLM3 3B
    "architectures": ["SmolLM3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 128000,
    "eos_token_id": 128012,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 11008,
    "layer_types": ["full_attention"] * 36,
    "max_position_embeddings": 65536,
    "max_window_layers": 28,
    "mlp_bias": False,
    "model_type": "smollm3",
    "no_rope_layer_interval": 4,
    "no_rope_layers": [1, 1, 1, 0] * 9,
    "num_attention_heads": 16,
    "num_hidden_layers": 36,
    "num_key_value_heads": 4,
    "pad_token_id": 128004,
    "pretraining_tp": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 5000000.0,
    "sliding_window": None,
    "torch_dtype": "bfloat16",
    "use_cache": False,
    "use_sliding_window": False,
    "vocab_size": 128256,
}
PUBLISHED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        GEMMA2,
        {
            "attention.scale": 224**-0.5,
            "attention.softcap": 50,
            "head.softcap": 30,
            "head.tied": True,
            "attention.window": None,
            "other_layers.layers": tuple(range(0, 42, 2)),
            "other_layers.window": 4096,
        },
    ),
    (
        GEMMA3,
        {
            "position.base": 1_000_000,
            "other_layers.position.base": 10_000,
            "other_layers.layers": tuple(i for i in range(26) if i not in (5, 11, 17, 23)),
            "other_layers.window": 512,
            "head.softcap": None,
        },
    ),
    (
        SMOLLM3,
        {
            "position.base": 5_000_000,
            "other_layers.layers": tuple(range(3, 36, 4)),
            "other_layers.position.kind": "none",
            "other_layers.window": None,
            "head.tied": True,
        },
    ),
]


@pytest.mark.parametrize(("found", "expected"), PUBLISHED, ids=lambda value: value.get("model_type"))
def test_it_is_understood(found: dict[str, Any], expected: dict[str, Any]) -> None:
    require_choices(found, expected)


@pytest.mark.parametrize("found", [found for found, _ in PUBLISHED], ids=lambda found: found["model_type"])
def test_it_has_as_many_numbers_as_theirs(found: dict[str, Any]) -> None:
    require_as_many_numbers(found)
