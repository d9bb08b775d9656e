"""Options as well-known models publish them: all are understood, and those that count mean what they should."""

import math
from typing import Any

import pytest

from cutaway.errors import UserError
from hub.published import require_as_many_numbers, require_choices, understood

COMMON = {"hidden_act": "silu", "initializer_range": 0.02, "torch_dtype": "bfloat16", "use_cache": True}
LLAMA2 = {  # Llama 2 7B: no grouped queries, no base of angles
    **COMMON,
    "architectures": ["LlamaForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "max_position_embeddings": 4096,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 32,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "tie_word_embeddings": False,
    "transformers_version": "4.31.0.dev0",
    "vocab_size": 32000,
}
LLAMA32 = LLAMA2 | {  # Llama 3.2 1B
    "attention_bias": False,
    "attention_dropout": 0.0,
    "eos_token_id": [128001, 128008, 128009],
    "head_dim": 64,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "rope_scaling": {
        "factor": 32.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "vocab_size": 128256,
}
SMOLLM2 = LLAMA2 | {  # SmolLM2 135M
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "is_llama_config": True,
    "max_position_embeddings": 8192,
    "mlp_bias": False,
    "num_attention_heads": 9,
    "num_hidden_layers": 30,
    "num_key_value_heads": 3,
    "pad_token_id": 2,
    "rope_interleaved": False,
    "rope_theta": 100000,
    "tie_word_embeddings": True,
    "transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16"}},
    "vocab_size": 49152,
}
MISTRAL = LLAMA2 | {  # Mistral 7B
    "architectures": ["MistralForCausalLM"],
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "model_type": "mistral",
    "num_key_value_heads": 8,
    "rope_theta": 10000.0,
    "sliding_window": 4096,
}
QWEN25 = COMMON | {  # Qwen 2.5 0.5B
    "architectures": ["Qwen2ForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 151643,
    "eos_token_id": 151645,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "max_position_embeddings": 32768,
    "max_window_layers": 21,
    "model_type": "qwen2",
    "num_attention_heads": 14,
    "num_hidden_layers": 24,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "sliding_window": 32768,
    "tie_word_embeddings": True,
    "use_mrope": False,
    "use_sliding_window": False,
    "vocab_size": 151936,
}
QWEN3 = QWEN25 | {  # Qwen 3 0.6B
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "head_dim": 128,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "max_position_embeddings": 40960,
    "max_window_layers": 28,
    "model_type": "qwen3",
    "num_attention_heads": 16,
    "num_hidden_layers": 28,
    "num_key_value_heads": 8,
    "rope_scaling": None,
    "sliding_window": None,
}
OPT = {  # OPT 125M
    "_name_or_path": "facebook/opt-125m",
    "_remove_final_layer_norm": False,
    "activation_dropout": 0.0,
    "activation_function": "relu",
    "architectures": ["OPTForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 2,
    "do_layer_norm_before": True,
    "dropout": 0.1,
    "eos_token_id": 2,
    "ffn_dim": 3072,
    "hidden_size": 768,
    "init_std": 0.02,
    "layerdrop": 0.0,
    "max_position_embeddings": 2048,
    "model_type": "opt",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "prefix": "</s>",
    "torch_dtype": "float16",
    "transformers_version": "4.21.0.dev0",
    "use_cache": True,
    "vocab_size": 50272,
    "word_embed_proj_dim": 768,
}
OPT_350M = OPT | {
    "do_layer_norm_before": False,
    "ffn_dim": 4096,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "word_embed_proj_dim": 512,
}
PYTHIA = {  # Pythia 70M
    "architectures": ["GPTNeoXForCausalLM"],
    "attention_bias": True,
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "classifier_dropout": 0.1,
    "eos_token_id": 0,
    "hidden_act": "gelu",
    "hidden_dropout": 0.0,
    "hidden_size": 512,
    "initializer_range": 0.02,
    "intermediate_size": 2048,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 2048,
    "model_type": "gpt_neox",
    "num_attention_heads": 8,
    "num_hidden_layers": 6,
    "rotary_emb_base": 10000,
    "rotary_pct": 0.25,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.24.0",
    "use_cache": True,
    "use_parallel_residual": True,
    "vocab_size": 50304,
}
PHI4_MINI = COMMON | {  # Phi-4-mini-instruct
    "architectures": ["Phi3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"},
    "bos_token_id": 199999,
    "embd_pdrop": 0.0,
    "eos_token_id": 199999,
    "full_attn_mod": 1,
    "hidden_size": 3072,
    "interpolate_factor": 1,
    "intermediate_size": 8192,
    "lm_head_bias": False,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "model_type": "phi3",
    "num_attention_heads": 24,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "original_max_position_embeddings": 4096,
    "pad_token_id": 199999,
    "partial_rotary_factor": 0.75,
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {"long_factor": [1.0] * 48, "short_factor": [1.0] * 48, "type": "longrope"},
    "rope_theta": 10000.0,
    "sliding_window": 262144,
    "tie_word_embeddings": True,
    "vocab_size": 200064,
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (LLAMA2, {"attention.kv_heads": 32, "position.base": 10_000, "norm.epsilon": 1e-5, "head.tied": False}),
        (LLAMA32, {"position.scaling.kind": "llama3", "position.scaling.factor": 32, "head.tied": True}),
        (SMOLLM2, {"position.base": 100_000, "attention.bias": False, "context": 8192}),
        (MISTRAL, {"attention.window": 4096, "attention.kv_heads": 8}),
        (QWEN25, {"attention.window": None, "attention.bias": True, "attention.out_bias": False}),
        (QWEN3, {"attention.qk_norm": True, "attention.head_width": 128, "attention.window": None}),
        (OPT, {"residual": "pre", "final_norm": True, "feedforward.activation": "relu", "head.tied": True}),
        (OPT_350M, {"residual": "post", "final_norm": False, "embedding.token_width": 512}),
        (
            PYTHIA,
            {"residual": "parallel_norms", "position.rotary_width": 16, "attention.bias": True, "head.tied": False},
        ),
        (
            PHI4_MINI,
            {
                "position.rotary_width": 96,
                "position.scaling.trained_context": 4096,
                "position.scaling.magnitude": math.sqrt(1 + math.log(32) / math.log(4096)),
                "attention.window": 262144,
                "head.tied": True,
            },
        ),
    ],
    ids=lambda value: value.get("model_type"),
)
def test_it_is_understood(found: dict[str, Any], expected: dict[str, Any]) -> None:
    require_choices(found, expected)


@pytest.mark.parametrize(
    ("found", "unused"),
    [
        (SMOLLM2, 0),
        (QWEN3, 0),
        (OPT, 2 * 768),
        (OPT_350M, 2 * 1024),
        (PYTHIA, 0),
        (PHI4_MINI, 0),
    ],  # OPT has positions that no text has
    ids=lambda value: value.get("model_type") if isinstance(value, dict) else "",
)
def test_it_has_as_many_numbers_as_theirs(found: dict[str, Any], unused: int) -> None:
    require_as_many_numbers(found, unused)


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        (LLAMA2, {"quantization_config": {"quant_method": "gptq"}}),
        (LLAMA2, {"rope_interleaved": True}),
        (LLAMA2, {"hidden_act": "xielu"}),
        (QWEN25, {"use_mrope": True}),
    ],
    ids=lambda value: str(next(iter(value))),
)
def test_what_would_change_it_is_refused(found: dict[str, Any], changed: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"asks for .*{next(iter(changed))}="):
        understood(found | changed)
