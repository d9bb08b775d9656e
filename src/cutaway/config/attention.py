"""Which attention."""

from typing import Literal

from pydantic import Field

from cutaway.config.base import Record


class GroupedConfig(Record):
    """Multi-head, grouped-query or multi-query attention (Vaswani 2017, Ainslie 2023, Shazeer 2019)."""

    kind: Literal["grouped"] = "grouped"
    heads: int = Field(4, gt=0, description="query heads")
    kv_heads: int | None = Field(None, gt=0, description="key-value heads; as many as query heads if not given")
    head_width: int | None = Field(None, gt=0, description="width / heads if not given")
    bias: bool = Field(False, description="of queries, keys and values")
    out_bias: bool = Field(False, description="of the output")
    qk_norm: bool = Field(False, description="normalise each query and key head")
    window: int | None = Field(
        None, gt=0, description="how many tokens back a token may look, itself included; an encoder looks as far ahead"
    )
    softcap: float | None = Field(None, gt=0, description="squeeze scores into ± this by a tanh")
    dropout: float = Field(0.0, ge=0, lt=1, description="of attention weights")


AttentionConfig = GroupedConfig
