"""DeepSeek-V3 (DeepSeek-AI 2024): latent attention, experts after a few dense layers, rotated pairs (2i, 2i + 1)."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.attention import LatentConfig
from cutaway.config.explicit import head_width
from cutaway.config.feedforward import ExpertsConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.llama import ANGLES, ATTENTION_BIAS, UNREAD, body, gated_rules, heads, parts
from cutaway.hub.family import Family
from cutaway.hub.options import ACTIVATION, Joint, Option
from cutaway.hub.rotary import THEIRS, lengthened, read_rotary, rotary_options, write_rotary
from cutaway.hub.weight_rules import Chain, Each, NoBias, PermuteRows, Rule, Same, Split, Without, interleaved, same


def attention_rules(c: ModelConfig, a: LatentConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """Latent attention."""
    yield from query_rules(c, a, theirs, ours)
    yield from latent_rules(c, a, theirs, ours)


def query_rules(c: ModelConfig, a: LatentConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """Queries, from a latent or from the token itself; the end of each head is rotated."""
    width, rotary = head_width(c), a.rotary_width or 0
    pairs = PermuteRows((*range(width), *(width + row for row in interleaved(rotary))))
    if a.query_rank is not None:
        yield from same(f"{theirs}.q_a_proj", f"{ours}.query_down", *parts(bias=a.bias))
        yield from same(f"{theirs}.q_a_layernorm", f"{ours}.query_norm", "weight")
        yield Rule((f"{theirs}.q_b_proj.weight",), (f"{ours}.query.weight",), pairs)
    elif a.bias:
        names = (f"{ours}.query.weight", f"{ours}.query.bias")
        yield Rule((f"{theirs}.q_proj.weight",), names, Chain((pairs, NoBias())))
    else:
        yield Rule((f"{theirs}.q_proj.weight",), (f"{ours}.query.weight",), pairs)


def latent_rules(c: ModelConfig, a: LatentConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """The latent with the rotary key below it, keys and values of each head concatenated, and the output."""
    width, rotary, rank, value = head_width(c), a.rotary_width or 0, a.latent_rank or 0, a.value_width or 0
    apart = Chain((Split((rank, rotary)), Each((Same(), PermuteRows(interleaved(rotary))))))
    for part in parts(bias=a.bias):
        names = (f"{ours}.latent_down.{part}", f"{ours}.rotary_key.{part}")
        yield Rule((f"{theirs}.kv_a_proj_with_mqa.{part}",), names, apart)
    yield from same(f"{theirs}.kv_a_layernorm", f"{ours}.latent_norm", "weight")
    starts = range(0, a.heads * (width + value), width + value)
    keys = [start + row for start in starts for row in range(width)]
    values = [start + width + row for start in starts for row in range(value)]
    sides = Chain((PermuteRows((*keys, *values)), Split((len(keys), len(values)))))
    yield Rule((f"{theirs}.kv_b_proj.weight",), (f"{ours}.key.weight", f"{ours}.value.weight"), sides)
    yield from same(f"{theirs}.o_proj", f"{ours}.out", *parts(bias=a.out_bias))


def expert_rules(f: ExpertsConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """A router, the routed experts separately, and the shared ones as one network."""
    yield Rule((f"{theirs}.gate.weight",), (f"{ours}.router.weight",))
    bias = f"{theirs}.gate.e_score_correction_bias"
    if f.balance == "bias":
        yield Rule((bias,), (f"{ours}.balance.bias",))
    else:
        yield Rule((bias,), (), Without((f.experts,)))
    for i in range(f.experts):
        yield from gated_rules(f, f"{theirs}.experts.{i}", f"{ours}.experts.{i}")
    yield from gated_rules(f, f"{theirs}.shared_experts", f"{ours}.shared")


def further_layers(c: ModelConfig) -> Mapping[str, str]:
    """Layers after the last, for multi-token prediction."""
    own = "|".join(map(str, range(c.layers)))
    return {rf"layers\.(?!({own})\.)\d+\..*": "layers that predict tokens beyond the next one"}


def read_first_layers(found: Mapping[str, Any]) -> dict[str, Any]:
    """The dense layers before those with experts."""
    count = min(found.get("first_k_dense_replace", 3), found["num_hidden_layers"])
    activation = ACTIVATION["read"](found["hidden_act"])
    feedforward = {"kind": "gated", "hidden": found.get("intermediate_size", 18432), "activation": activation}
    return {"first_layers": {"count": count, "feedforward": feedforward} if count else None}


def write_first_layers(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options that mean them."""
    first = choices["first_layers"]
    if first is None:
        return {"first_k_dense_replace": 0}
    return {"first_k_dense_replace": first["count"], "intermediate_size": first["feedforward"]["hidden"]}


def read_scaled_rotary(found: Mapping[str, Any]) -> dict[str, Any]:
    """Rotary positions, and the scale of scores, which grows with the context."""
    choices, part = read_rotary(found), rotary_options(found).get("mscale_all_dim")
    if not part:
        return choices
    longer = lengthened(choices["position.scaling"]["factor"], float(part))
    width = found["qk_nope_head_dim"] + found["qk_rope_head_dim"]
    return {**choices, "attention.scale": width**-0.5 * longer * longer}


def write_scaled_rotary(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options, rounded, since they are computed back from the choices."""
    written, attention = write_rotary(choices), choices["attention"]
    if attention["scale"] is None:
        return written
    scaling = written["rope_scaling"]
    plain = (attention["head_width"] + attention["rotary_width"]) ** -0.5
    longer = math.sqrt(attention["scale"] / plain)
    each = 0.1 * math.log(scaling["factor"])
    shares = {
        "mscale": round((scaling["attention_factor"] * longer - 1) / each, 9),
        "mscale_all_dim": round((longer - 1) / each, 9),
    }
    return {**written, "rope_scaling": {**scaling, **shares}}


def some(count: int) -> int:
    """The count, if there are any.

    Raises:
        ValueError: there are none.
    """
    if not count:
        raise ValueError("none")
    return count


DEEPSEEK_V3 = Family(
    model_type="deepseek_v3",
    prefix="model",
    options=(
        Option("vocab_size", "vocabulary"),
        Option("max_position_embeddings", "context"),
        Option("hidden_size", "width"),
        Option("num_hidden_layers", "layers"),
        Option("num_key_value_heads", "attention.heads", None),
        Option("num_attention_heads", "attention.heads"),
        Option("q_lora_rank", "attention.query_rank"),
        Option("kv_lora_rank", "attention.latent_rank"),
        Option("qk_nope_head_dim", "attention.head_width"),
        Option("qk_rope_head_dim", "attention.rotary_width"),
        Option("v_head_dim", "attention.value_width"),
        *ATTENTION_BIAS,
        Option("attention_dropout", "attention.dropout", 0.0),
        Option("n_routed_experts", "feedforward.experts"),
        Option("num_experts_per_tok", "feedforward.experts_per_token"),
        Option("n_shared_experts", "feedforward.shared", 1, write=some),
        Option("moe_intermediate_size", "feedforward.hidden"),
        Option("hidden_act", "feedforward.activation", **ACTIVATION),
        Option("n_group", "feedforward.groups"),
        Option("topk_group", "feedforward.groups_per_token"),
        Option("norm_topk_prob", "feedforward.normalised", True),
        Option("routed_scaling_factor", "feedforward.scale"),
        Option("rms_norm_eps", "norm.epsilon", 1e-6),
        Joint(("first_k_dense_replace", "intermediate_size"), read_first_layers, write_first_layers),
        Joint(THEIRS, read_scaled_rotary, write_scaled_rotary),
    ),
    choices={
        "architecture": "decoder",
        "position.kind": "rotary",
        "attention.kind": "latent",
        "attention.norm_epsilon": 1e-6,  # independent of rms_norm_eps
        "feedforward.kind": "experts",
        "feedforward.gate": "sigmoid",
        "feedforward.balance": "bias",
        "norm.kind": "rms",
        "residual": "pre",
    },
    required={
        "rope_interleave": True,
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
        "moe_layer_freq": 1,
    },
    rules=body(attention_rules, {"gated": gated_rules, "experts": expert_rules}),
    heads={task: head for task, head in heads("DeepseekV3").items() if task != "question_answering"},
    unread=UNREAD
    | {"aux_loss_alpha", "ep_size", "head_dim", "num_nextn_predict_layers", "qk_head_dim", "seq_aux"}
    | {"output_router_logits"},
    ignored=ANGLES,
    spare=further_layers,
)
