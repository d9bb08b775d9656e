"""Choices of attention."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.record import Record


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
        None,
        gt=0,
        description="the most tokens that a token attends to, itself included; in an encoder also later ones",
    )
    scale: float | None = Field(None, gt=0, description="of scores; 1/√(width of a query) if not given")
    softcap: float | None = Field(None, gt=0, description="limits scores to ± this by a tanh")
    dropout: float = Field(0.0, ge=0, lt=1, description="of attention weights")

    @model_validator(mode="after")
    def _groups_are_even(self) -> "GroupedConfig":
        if self.heads % (self.kv_heads or self.heads):
            raise ValueError(
                f"{self.kv_heads} kv_heads do not divide {self.heads} heads: change model.attention.kv_heads"
            )
        return self


class LatentConfig(Record):
    """Multi-head latent attention (DeepSeek-V2, 2024): the cache has `latent_rank` + `rotary_width` numbers per token.

    The default proportions are those of that paper (section 2.1.4).
    """

    kind: Literal["latent"] = "latent"
    heads: int = Field(4, gt=0)
    query_rank: int | None = Field(None, gt=0, description="of the latent of queries; none: no such latent")
    latent_rank: int | None = Field(
        None, gt=0, description="of the latent of keys and values; 4 × head_width if not given"
    )
    head_width: int | None = Field(
        None, gt=0, description="of each query and key without its rotary part; width / heads if not given"
    )
    rotary_width: int | None = Field(
        None,
        gt=0,
        multiple_of=2,
        description="of the rotary part, whose key is shared by all heads; head_width / 2 if not given",
    )
    value_width: int | None = Field(None, gt=0, description="of each value; head_width if not given")
    norm_epsilon: float | None = Field(None, gt=0, description="of the latents' norms; that of the others if not given")
    bias: bool = Field(False, description="of the matrices applied to tokens")
    out_bias: bool = Field(False, description="of the output")
    window: int | None = Field(
        None,
        gt=0,
        description="the most tokens that a token attends to, itself included; in an encoder also later ones",
    )
    scale: float | None = Field(None, gt=0, description="of scores; 1/√(width of a query) if not given")
    softcap: float | None = Field(None, gt=0, description="limits scores to ± this by a tanh")
    dropout: float = Field(0.0, ge=0, lt=1, description="of attention weights")


AttentionConfig = Annotated[GroupedConfig | LatentConfig, Field(discriminator="kind")]
