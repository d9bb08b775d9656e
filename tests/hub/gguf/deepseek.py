"""A tiny DeepSeek-V3 as llama.cpp's architecture `deepseek2` stores it. Only tests write such files."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cutaway.config.reading import validate
from cutaway.config.run import RunConfig
from cutaway.hub.families import FAMILIES
from cutaway.hub.filling import empty
from cutaway.hub.gguf.vocabulary import write_tokenizer
from cutaway.model.transformer import Transformer
from hub.gguf.files import VOCABULARY, model_of, tokenizer
from support import require_module

FAMILY, TASK = FAMILIES["deepseek_v3"], "language_modeling"
SIGMOID = 2
HEADS, RANK, WIDTH, ROTARY, VALUE = 4, 20, 10, 8, 14
OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
INSIDE = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.q_a_proj": "attn_q_a",
    "self_attn.q_a_layernorm": "attn_q_a_norm",
    "self_attn.q_b_proj": "attn_q_b",
    "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
    "self_attn.kv_a_layernorm": "attn_kv_a_norm",
    "self_attn.kv_b_proj": "attn_kv_b",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.gate": "ffn_gate_inp",
    "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
    "mlp.shared_experts.up_proj": "ffn_up_shexp",
    "mlp.shared_experts.down_proj": "ffn_down_shexp",
}


def choices(context: int = 37, layers: int = 3, **changed: Any) -> RunConfig:
    """Of a model with this context. llama.cpp has one epsilon for all norms, that of V3's latent ones."""
    model: dict[str, Any] = {
        "vocabulary": VOCABULARY,
        "context": context,
        "width": 32,
        "layers": layers,
        "position": {"kind": "rotary", "base": 70.0},
        "attention": {
            "kind": "latent",
            "heads": HEADS,
            "query_rank": 18,
            "latent_rank": RANK,
            "head_width": WIDTH,
            "rotary_width": ROTARY,
            "value_width": VALUE,
        },
        "feedforward": {
            "kind": "experts",
            "experts": 6,
            "experts_per_token": 3,
            "shared": 2,
            "hidden": 24,
            "gate": "sigmoid",
            "balance": "bias",
            "scale": 2.5,
        },
        "first_layers": {"count": 1, "feedforward": {"kind": "gated", "hidden": 50, "activation": "silu"}},
        "norm": {"kind": "rms", "epsilon": 1e-6},
        "head": {"tied": False},
    }
    for name, more in changed.items():
        model[name] = {**model[name], **more}
    return validate({"model": model, "task": {"kind": TASK}})


def metadata(config: RunConfig, *, absorbed: bool) -> dict[str, Any]:
    """What llama.cpp must know of the model; `absorbed` keeps latents instead of keys and values."""
    options = FAMILY.write(config.model, TASK)
    scaling = options.get("rope_scaling") or {}
    found = {
        "block_count": options["num_hidden_layers"],
        "context_length": options["max_position_embeddings"],
        "embedding_length": options["hidden_size"],
        "feed_forward_length": options["intermediate_size"],
        "vocab_size": options["vocab_size"],
        "attention.head_count": HEADS,
        "attention.head_count_kv": 1 if absorbed else HEADS,
        "attention.key_length": RANK + ROTARY if absorbed else WIDTH + ROTARY,
        "attention.value_length": RANK if absorbed else VALUE,
        **({"attention.key_length_mla": WIDTH + ROTARY, "attention.value_length_mla": VALUE} if absorbed else {}),
        "attention.layer_norm_rms_epsilon": options["rms_norm_eps"],
        "attention.kv_lora_rank": RANK,
        **({"attention.q_lora_rank": options["q_lora_rank"]} if options["q_lora_rank"] else {}),
        "rope.dimension_count": ROTARY,
        "rope.freq_base": options["rope_theta"],
        "leading_dense_block_count": options["first_k_dense_replace"],
        "expert_count": options["n_routed_experts"],
        "expert_used_count": options["num_experts_per_tok"],
        "expert_shared_count": options["n_shared_experts"],
        "expert_feed_forward_length": options["moe_intermediate_size"],
        "expert_weights_scale": options["routed_scaling_factor"],
        "expert_weights_norm": options["norm_topk_prob"],
        "expert_gating_func": SIGMOID,
        "expert_group_count": options["n_group"],
        "expert_group_used_count": options["topk_group"],
    }
    if scaling:
        found |= {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": scaling["factor"],
            "rope.scaling.original_context_length": scaling["original_max_position_embeddings"],
            "rope.scaling.yarn_log_multiplier": 0.1 * scaling["mscale_all_dim"],
        }
    return {f"deepseek2.{name}": value for name, value in found.items()}


def tensors(model: Transformer, config: RunConfig, *, absorbed: bool) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a Hugging Face folder by llama.cpp's names; those of all experts of a layer are one."""
    table = FAMILY.table(config.model, TASK)
    experts: dict[str, list[Tensor]] = {}
    for name, tensor in empty(model, table):
        module, part = name.rsplit(".", 1)
        if module in OUTSIDE:
            yield f"{OUTSIDE[module]}.{part}", tensor
            continue
        _, _, layer, inner = module.split(".", 3)
        if part == "e_score_correction_bias":
            yield f"blk.{layer}.exp_probs_b.bias", tensor
        elif inner.startswith("mlp.experts."):
            experts.setdefault(f"blk.{layer}.ffn_{inner.split('.')[-1].removesuffix('_proj')}_exps.weight", []).append(
                tensor
            )
        elif inner == "self_attn.kv_b_proj" and absorbed:
            keys, values = tensor.unflatten(0, (HEADS, -1)).split([WIDTH, VALUE], dim=1)
            yield f"blk.{layer}.attn_k_b.weight", keys.mT
            yield f"blk.{layer}.attn_v_b.weight", values
        else:
            yield f"blk.{layer}.{INSIDE[inner]}.{part}", tensor
    yield from ((name, torch.stack(parts)) for name, parts in experts.items())


def write(folder: Path, config: RunConfig, *, absorbed: bool) -> tuple[Path, Transformer]:
    """A file, and the model in it."""
    model, path = model_of(config), folder / "model.gguf"
    known: Mapping[str, Any] = {
        **metadata(config, absorbed=absorbed),
        **write_tokenizer(tokenizer(), VOCABULARY),
    }
    with closing(require_module("gguf").GGUFWriter(path, "deepseek2")) as writer:
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
        for name, value in known.items():
            add.get(type(value), writer.add_array)(name, value)
        with torch.no_grad():
            for name, tensor in tensors(model, config, absorbed=absorbed):
                writer.add_tensor(name, tensor.contiguous().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    return path, model
