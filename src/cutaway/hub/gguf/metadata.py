"""From GGUF's metadata to the options of a config.json, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from cutaway.errors import UserError
from cutaway.hub.gguf.header import Header, Stored
from cutaway.hub.gguf.tensors import ANGLES, GGUFTensors
from cutaway.hub.rotary import lengthened
from cutaway.nn.frequencies import frequencies, llama3

ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
OPTIONS = {
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.value_length": "head_dim",
    "rope.dimension_count": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
    "attention.sliding_window": "sliding_window",
}
SCALING = {
    "rope.scaling.type": "rope_type",
    "rope.scaling.factor": "factor",
    "rope.scaling.original_context_length": "original_max_position_embeddings",
    "rope.scaling.yarn_beta_fast": "beta_fast",
    "rope.scaling.yarn_beta_slow": "beta_slow",
}
BETAS = {"beta_fast": 32.0, "beta_slow": 1.0}
"""YaRN's bounds in llama.cpp, which reads no others from files of these architectures."""
UNREAD = ("rope.scaling.finetuned", "tensor_data_layout")
NOTHING = (None, 0, "none")
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""The scaling of Llama 3.1, 3.2 and 3.3: a file stores only its result."""


def read_options(header: Header) -> dict[str, Any]:
    """The options of a config.json for the model in a file.

    Raises:
        UserError: its architecture is unknown, or an option is not implemented.
    """
    metadata = dict(header.metadata)
    architecture = metadata.get("general.architecture")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(
            f"{header.path} is of architecture {architecture!r}, which cutaway does not support; it supports {known}"
        )
    own = {
        name.removeprefix(f"{architecture}."): value for name, value in metadata.items() if _is_of(name, architecture)
    }
    own = {name: value for name, value in own.items() if name not in UNREAD and _is_set(value)}
    if own.get("attention.causal") is True:
        del own["attention.causal"]
    own = {"rope.freq_base": 10_000.0, "vocab_size": len(metadata.get("tokenizer.ggml.tokens", ())), **own}
    found: dict[str, Any] = {
        "model_type": architecture,
        "architectures": [ARCHITECTURES[architecture]],
        "hidden_act": "silu",
        "tie_word_embeddings": "output.weight" not in header.tensors,
    }
    for name, value in own.items():
        if name not in OPTIONS | SCALING or isinstance(value, np.ndarray):
            raise UserError(f"{header.path} asks for {architecture}.{name}={value!r}, which cutaway does not implement")
        if name in OPTIONS and found.setdefault(OPTIONS[name], value) != value:
            raise UserError(
                f"{header.path} asks for {architecture}.{name}={value!r} where {OPTIONS[name]} is "
                f"{found[OPTIONS[name]]!r}: cutaway uses one number for both"
            )
    _require_plausible(header, found)
    return found | _derived_options(header, architecture, found, own)


def _require_plausible(header: Header, found: Mapping[str, Any]) -> None:
    """Rejects sizes larger than any tensor, before anything of that size is allocated."""
    longest = max((length for stored in header.tensors.values() for length in stored.shape), default=0)
    limits = dict.fromkeys(
        ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "head_dim"), longest
    )
    for name, limit in {**limits, "num_hidden_layers": len(header.tensors)}.items():
        if name in found and not (isinstance(found[name], int) and found[name] <= limit):
            raise UserError(
                f"{header.path} declares a {name} of {found[name]!r}, but its tensors allow at most {limit}"
            )


def write_options(architecture: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata for the options of a config.json; `scaling_tensor` has the rest.

    Raises:
        UserError: GGUF has no equivalent of an option.
    """
    head_width = written.get("head_dim") or written["hidden_size"] // written["num_attention_heads"]
    options = {**written, "head_dim": head_width}
    metadata = {
        f"{architecture}.{name}": options[theirs] for name, theirs in OPTIONS.items() if _is_set(options.get(theirs))
    }
    scaling = written.get("rope_scaling") or {}
    if scaling.get("attention_factor", lengthened(scaling.get("factor", 1.0))) != lengthened(
        scaling.get("factor", 1.0)
    ):
        raise UserError(f"GGUF cannot store an attention_factor of {scaling['attention_factor']}")
    if BETAS | {name: scaling[name] for name in BETAS if name in scaling} != BETAS:
        raise UserError(f"GGUF stores YaRN only with {BETAS}, which llama.cpp assumes, not {dict(scaling)}")
    if scaling.get("rope_type") != "llama3":
        metadata |= {f"{architecture}.{name}": scaling[theirs] for name, theirs in SCALING.items() if theirs in scaling}
    if options["hidden_act"] != "silu":
        raise UserError(f"GGUF cannot store a {architecture} model whose activation is {options['hidden_act']}")
    return metadata


def scaling_tensor(written: Mapping[str, Any]) -> torch.Tensor | None:
    """The divisors of Llama 3's frequencies, for `rope_freqs.weight`, if they are scaled.

    Raises:
        UserError: the scaling is not Llama 3's.
    """
    scaling = written.get("rope_scaling") or {}
    if scaling.get("rope_type") != "llama3":
        return None
    if {name: scaling[name] for name in LLAMA3} != LLAMA3:
        raise UserError(f"GGUF stores only Llama 3's rotary scaling, not this model's {dict(scaling)}")
    width = written.get("head_dim") or written["hidden_size"] // written["num_attention_heads"]
    return _divisors(width, written["rope_theta"], scaling["factor"])


def _derived_options(
    header: Header, architecture: str, found: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """Options that follow from the tensors, or from several entries together."""
    scaling = {theirs: own[name] for name, theirs in SCALING.items() if name in own}
    more: dict[str, Any] = {}
    if ANGLES in header.tensors:
        scaling = {"rope_type": "llama3", "factor": _llama3_factor(header, found), **LLAMA3}
    if "rope_type" in scaling:
        more["rope_scaling"] = scaling
    if architecture != "llama":
        if "sliding_window" in found:
            raise UserError(f"{header.path} has a sliding window but does not say for which layers")
        return more
    if "sliding_window" in found:
        return more | {"model_type": "mistral", "architectures": ["MistralForCausalLM"]}
    biases = {"attention_bias": "blk.0.attn_q.bias", "mlp_bias": "blk.0.ffn_gate.bias"}
    return more | {option: tensor in header.tensors for option, tensor in biases.items()}


def _llama3_factor(header: Header, found: Mapping[str, Any]) -> float:
    """The factor of Llama 3's scaling, if the divisors in the file are those of such a factor."""
    stored: Stored = header.tensors[ANGLES]
    divisors = GGUFTensors(header).read(ANGLES)
    factor = float(divisors.max())
    expected = _divisors(2 * stored.shape[-1], found["rope_theta"], factor)
    if not torch.allclose(divisors, expected, rtol=1e-3):
        raise UserError(f"{header.path}: {ANGLES} is not Llama 3's scaling, the only one supported")
    return factor


def _divisors(width: int, base: float, factor: float) -> torch.Tensor:
    angles = frequencies(width, base, torch.device("cpu"))
    low, high, context = LLAMA3.values()
    return angles / llama3(factor, low, high, int(context))(angles, torch.zeros(1, 1, dtype=torch.long))


def _is_of(name: str, architecture: str) -> bool:
    return name.startswith(f"{architecture}.")


def _is_set(value: Any) -> bool:
    return isinstance(value, bool | list | np.ndarray) or value not in NOTHING
