"""Choices of attention."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.record import Record


class GroupedConfig(Record):
    """Multi-head, grouped-query or multi-query attention (Vaswani 2017, Ainslie 2023, Shazeer 2019)."""

    kind: Literal["grouped"] = "grouped"
    heads: int = Field(4, gt=0, description="number of query heads")
    kv_heads: int | None = Field(None, gt=0, description="number of key-value heads; none: as many as query heads")
    head_width: int | None = Field(None, gt=0, description="width of each head; none: model.width / heads")
    bias: bool = Field(False, description="whether the projections to queries, keys and values have biases")
    out_bias: bool = Field(False, description="whether the output projection has a bias")
    qk_norm: bool = Field(False, description="whether each head normalises its queries and keys")
    qk_norm_joint: bool = Field(
        False, description="whether qk_norm is over the channels of all heads together, as in OLMo 2"
    )
    window: int | None = Field(
        None,
        gt=0,
        description="most tokens that a token attends to, itself included, in an encoder on each side; none: all",
    )
    scale: float | None = Field(None, gt=0, description="multiplies attention scores; none: 1/√(width of a query)")
    scale_by_layer: bool = Field(
        False, description="whether scores are divided by the number of their layer, from 1 (Mistral's GPT-2)"
    )
    softcap: float | None = Field(None, gt=0, description="limits attention scores to ± this by a tanh; none: no limit")
    dropout: float = Field(0.0, ge=0, lt=1, description="fraction of attention weights that is dropped in training")

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
    heads: int = Field(4, gt=0, description="number of query heads")
    query_rank: int | None = Field(None, gt=0, description="width of the latent of queries; none: no such latent")
    latent_rank: int | None = Field(
        None, gt=0, description="width of the latent of keys and values; none: 4 × head_width"
    )
    head_width: int | None = Field(
        None, gt=0, description="width of each query and key without its rotary part; none: model.width / heads"
    )
    rotary_width: int | None = Field(
        None,
        gt=0,
        multiple_of=2,
        description="width of the rotary part, whose key all heads share; none: head_width / 2",
    )
    value_width: int | None = Field(None, gt=0, description="width of each value; none: head_width")
    norm_epsilon: float | None = Field(
        None, gt=0, description="added inside the square root of the latents' norms; none: model.norm.epsilon"
    )
    bias: bool = Field(False, description="whether the projections to queries, keys and values have biases")
    out_bias: bool = Field(False, description="whether the output projection has a bias")
    window: int | None = Field(
        None,
        gt=0,
        description="most tokens that a token attends to, itself included, in an encoder on each side; none: all",
    )
    scale: float | None = Field(None, gt=0, description="multiplies attention scores; none: 1/√(width of a query)")
    softcap: float | None = Field(None, gt=0, description="limits attention scores to ± this by a tanh; none: no limit")
    dropout: float = Field(0.0, ge=0, lt=1, description="fraction of attention weights that is dropped in training")


AttentionConfig = Annotated[GroupedConfig | LatentConfig, Field(discriminator="kind")]
