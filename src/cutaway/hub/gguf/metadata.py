"""What GGUF calls the options of a config.json."""

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
"""YaRN's bounds as llama.cpp has them: of these architectures it reads no others from a file."""
UNREAD = ("rope.scaling.finetuned", "tensor_data_layout")
NOTHING = (None, 0, "none")
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""All that Llama 3.1, 3.2 and 3.3 have in common: a file holds only what comes of it."""


def read_options(header: Header) -> dict[str, Any]:
    """The options that a config.json would hold for the model in a file.

    Raises:
        UserError: it is of an architecture that we do not have, or asks for something that we do not implement.
    """
    said = dict(header.metadata)
    architecture = said.get("general.architecture")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(
            f"{header.path} is of architecture {architecture!r}, which cutaway does not have; it has {known}"
        )
    own = {name.removeprefix(f"{architecture}."): value for name, value in said.items() if _is_of(name, architecture)}
    own = {name: value for name, value in own.items() if name not in UNREAD and _says(value)}
    if own.get("attention.causal") is True:
        del own["attention.causal"]
    own = {"rope.freq_base": 10_000.0, "vocab_size": len(said.get("tokenizer.ggml.tokens", ())), **own}
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
                f"{found[OPTIONS[name]]!r}: cutaway has one number for both"
            )
    _require_plausible(header, found)
    return found | _more(header, architecture, found, own)


def _require_plausible(header: Header, found: Mapping[str, Any]) -> None:
    """Refuses sizes that no tensor has, before anything is made of that size."""
    longest = max((length for stored in header.tensors.values() for length in stored.shape), default=0)
    limits = dict.fromkeys(
        ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "head_dim"), longest
    )
    for name, limit in {**limits, "num_hidden_layers": len(header.tensors)}.items():
        if name in found and not (isinstance(found[name], int) and found[name] <= limit):
            raise UserError(
                f"{header.path} announces a {name} of {found[name]!r}, and its tensors allow {limit} at most"
            )


def write_options(architecture: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that mean the options of a config.json; `scaling_tensor` holds the rest.

    Raises:
        UserError: an option has no place there.
    """
    head_width = written.get("head_dim") or written["hidden_size"] // written["num_attention_heads"]
    options = {**written, "head_dim": head_width}
    said = {f"{architecture}.{name}": options[theirs] for name, theirs in OPTIONS.items() if _says(options.get(theirs))}
    scaling = written.get("rope_scaling") or {}
    if scaling.get("attention_factor", lengthened(scaling.get("factor", 1.0))) != lengthened(
        scaling.get("factor", 1.0)
    ):
        raise UserError(f"GGUF has no place for an attention_factor of {scaling['attention_factor']}")
    if BETAS | {name: scaling[name] for name in BETAS if name in scaling} != BETAS:
        raise UserError(f"GGUF holds YaRN with {BETAS} alone, which llama.cpp takes for granted, not {dict(scaling)}")
    if scaling.get("rope_type") != "llama3":
        said |= {f"{architecture}.{name}": scaling[theirs] for name, theirs in SCALING.items() if theirs in scaling}
    if options["hidden_act"] != "silu":
        raise UserError(f"GGUF cannot hold a {architecture} model whose activation is {options['hidden_act']}")
    return said


def scaling_tensor(written: Mapping[str, Any]) -> torch.Tensor | None:
    """What the angles of Llama 3 are divided by, for `rope_freqs.weight`, if they are.

    Raises:
        UserError: the scaling is another than that of Llama 3.
    """
    scaling = written.get("rope_scaling") or {}
    if scaling.get("rope_type") != "llama3":
        return None
    if {name: scaling[name] for name in LLAMA3} != LLAMA3:
        raise UserError(f"GGUF holds the rotary scaling of Llama 3 alone, and this model's is {dict(scaling)}")
    width = written.get("head_dim") or written["hidden_size"] // written["num_attention_heads"]
    return _divisors(width, written["rope_theta"], scaling["factor"])


def _more(header: Header, architecture: str, found: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What the tensors tell, or several entries together."""
    scaling = {theirs: own[name] for name, theirs in SCALING.items() if name in own}
    more: dict[str, Any] = {}
    if ANGLES in header.tensors:
        scaling = {"rope_type": "llama3", "factor": _llama3_factor(header, found), **LLAMA3}
    if "rope_type" in scaling:
        more["rope_scaling"] = scaling
    if architecture != "llama":
        if "sliding_window" in found:
            raise UserError(f"{header.path} has a window, and does not say of which layers")
        return more
    if "sliding_window" in found:
        return more | {"model_type": "mistral", "architectures": ["MistralForCausalLM"]}
    biases = {"attention_bias": "blk.0.attn_q.bias", "mlp_bias": "blk.0.ffn_gate.bias"}
    return more | {option: tensor in header.tensors for option, tensor in biases.items()}


def _llama3_factor(header: Header, found: Mapping[str, Any]) -> float:
    """By how much slow angles are divided, where what a file divides by is what Llama 3 makes of such a number."""
    stored: Stored = header.tensors[ANGLES]
    divisors = GGUFTensors(header).read(ANGLES)
    factor = float(divisors.max())
    expected = _divisors(2 * stored.shape[-1], found["rope_theta"], factor)
    if not torch.allclose(divisors, expected, rtol=1e-3):
        raise UserError(f"{header.path}: {ANGLES} is not of Llama 3's scaling, which is the only one that is known")
    return factor


def _divisors(width: int, base: float, factor: float) -> torch.Tensor:
    angles = frequencies(width, base, torch.device("cpu"))
    low, high, context = LLAMA3.values()
    return angles / llama3(factor, low, high, int(context))(angles)


def _is_of(name: str, architecture: str) -> bool:
    return name.startswith(f"{architecture}.")


def _says(value: Any) -> bool:
    return isinstance(value, bool | list | np.ndarray) or value not in NOTHING
