"""Options as models with experts publish them."""

import math
from typing import Any

import pytest

from cutaway.errors import UserError
from hub.published import require_as_many_numbers, require_choices, understood

MIXTRAL = {  # Mixtral 8x7B
    "architectures": ["MixtralForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 4096,
    "initializer_range": 0.02,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "model_type": "mixtral",
    "num_attention_heads": 32,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "output_router_logits": False,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.02,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.36.0.dev0",
    "use_cache": True,
    "vocab_size": 32000,
}
DEEPSEEK_V3 = {  # DeepSeek-V3
    "architectures": ["DeepseekV3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"},
    "aux_loss_alpha": 0.001,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "ep_size": 1,
    "first_k_dense_replace": 3,
    "hidden_act": "silu",
    "hidden_size": 7168,
    "initializer_range": 0.02,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "model_type": "deepseek_v3",
    "moe_intermediate_size": 2048,
    "moe_layer_freq": 1,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "pretraining_tp": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    },
    "rope_theta": 10000,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "seq_aux": True,
    "tie_word_embeddings": False,
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "v_head_dim": 128,
    "vocab_size": 129280,
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (MIXTRAL, {"feedforward.experts": 8, "feedforward.experts_per_token": 2, "feedforward.shared": 0}),
        (
            DEEPSEEK_V3,
            {
                "attention.scale": 192**-0.5 * (0.1 * math.log(40) + 1) ** 2,
                "position.scaling.magnitude": 1.0,
                "first_layers.count": 3,
                "feedforward.groups_per_token": 4,
            },
        ),
    ],
    ids=lambda value: value.get("model_type"),
)
def test_it_is_understood(found: dict[str, Any], expected: dict[str, Any]) -> None:
    require_choices(found, expected)


def test_mixtral_has_as_many_numbers_as_theirs() -> None:
    require_as_many_numbers(MIXTRAL)


def test_experts_in_some_layers_are_refused() -> None:
    with pytest.raises(UserError, match="asks for moe_layer_freq=2"):
        understood(DEEPSEEK_V3 | {"moe_layer_freq": 2})
