"""From the names of tensors in a Hugging Face folder to those in GGUF, and the order of their rows."""

import re

from cutaway.config.explicit import head_width
from cutaway.config.model import ModelConfig
from cutaway.hub.weight_rules import Chain, Change, PermuteRows, Rule, Table, interleaved

OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
INSIDE = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
PAIRED = ("llama",)
"""Architectures whose files have rotated pairs (2i, 2i + 1)."""


def table_of(table: Table, architecture: str, c: ModelConfig) -> Table:
    """The table of a Hugging Face folder, converted for GGUF."""
    paired = PermuteRows(interleaved(head_width(c))) if architecture in PAIRED else None
    rules = tuple(Rule(tuple(map(name_of, rule.theirs)), rule.ours, _change(rule, paired)) for rule in table.rules)
    return Table(rules, {name_of(second): name_of(first) for second, first in table.repeated.items()})


def name_of(theirs: str) -> str:
    """The name of a tensor."""
    module, part = theirs.rsplit(".", 1)
    found = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", module)
    return f"{OUTSIDE[module]}.{part}" if found is None else f"blk.{found[1]}.{INSIDE[found[2]]}.{part}"


def _change(rule: Rule, paired: PermuteRows | None) -> Change:
    rotated = any(name in theirs for theirs in rule.theirs for name in (".q_proj.", ".k_proj."))
    return Chain((paired, rule.change)) if paired is not None and rotated else rule.change
