"""nanochat (Karpathy 2025): norms without weights, a norm of the embedding, squared ReLU, a softcap of logits.

The halves of its heads are swapped in rotation. Its norm of queries and keys follows the rotation and ours precedes it,
which is the same, since rotations do not change lengths.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.explicit import head_width
from cutaway.config.model import ModelConfig
from cutaway.hub.families.llama import ANGLES, ATTENTION_BIAS, SIZES, UNREAD, language_rules, parts
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import Joint, Option, with_default
from cutaway.hub.rotary import THEIRS, read_rotary, write_rotary
from cutaway.hub.weight_rules import PermuteRows, Rule, same


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("embed_tokens.weight",), ("decoder.embed.tokens.weight",))
    width = head_width(c)
    swapped = PermuteRows((*range(width // 2, width), *range(width // 2)))
    for i in range(c.layers):
        theirs, ours = f"layers.{i}", f"decoder.{i}.self_attention"
        for name, module in (("q_proj", "query"), ("k_proj", "key")):
            for part in parts(bias=c.attention.bias):
                yield Rule((f"{theirs}.self_attn.{name}.{part}",), (f"{ours}.{module}.{part}",), swapped)
        yield from same(f"{theirs}.self_attn.v_proj", f"{ours}.value", *parts(bias=c.attention.bias))
        yield from same(f"{theirs}.self_attn.o_proj", f"{ours}.out", *parts(bias=c.attention.out_bias))
        yield from same(f"{theirs}.mlp.fc1", f"decoder.{i}.feedforward.up", "weight")
        yield from same(f"{theirs}.mlp.fc2", f"decoder.{i}.feedforward.down", "weight")


def read_unlengthened(found: Mapping[str, Any]) -> dict[str, Any]:
    """Rotary positions.

    Raises:
        ValueError: YaRN scales vectors, which their norm after the rotation would undo, and ours would not.
    """
    choices = read_rotary(found)
    if choices["position.scaling"].get("magnitude", 1.0) != 1.0:
        raise ValueError("the norm comes before the rotation")
    return choices


NANOCHAT = Family(
    model_type="nanochat",
    prefix="model",
    options=(
        *with_default(SIZES, "num_key_value_heads", 6),
        *ATTENTION_BIAS,
        Joint(THEIRS, read_unlengthened, write_rotary),
        Option("final_logit_softcapping", "head.softcap", 15.0),
    ),
    choices={
        "architecture": "decoder",
        "embedding.kind": "tokens",
        "embedding.norm": True,
        "position.kind": "rotary",
        "attention.kind": "grouped",
        "attention.qk_norm": True,
        "feedforward.kind": "dense",
        "feedforward.bias": False,
        "norm.kind": "rms",
        "norm.weight": False,
        "residual": "pre",
    },
    required={},
    rules=rules,
    heads={
        "language_modeling": HeadTable(
            architecture="NanoChatForCausalLM",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(Option("tie_word_embeddings", "head.tied", False),),
            repeated={"lm_head.weight": "model.embed_tokens.weight"},
        ),
    },
    unread=UNREAD,
    ignored=ANGLES,
)
