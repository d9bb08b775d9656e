"""Choices of feed-forward networks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.record import Record

ActivationName = Literal["relu", "gelu", "gelu_tanh", "silu", "squared_relu"]


class DenseConfig(Record):
    """Up, activation, down (Vaswani et al. 2017). `hidden` is 4 × width if not given."""

    kind: Literal["dense"] = "dense"
    hidden: int | None = Field(None, gt=0, description="hidden width; none: 4 × model.width")
    activation: ActivationName = Field("gelu", description="activation of hidden units")
    bias: bool = Field(True, description="whether the linear layers have biases")


class GatedConfig(Record):
    """SwiGLU with `silu`, GEGLU with `gelu` (Shazeer 2020). `hidden` defaults to 8/3 × width, rounded up to 8s."""

    kind: Literal["gated"] = "gated"
    hidden: int | None = Field(None, gt=0, description="hidden width; none: 8/3 × model.width, rounded up to 8s")
    activation: ActivationName = Field("silu", description="activation of the gate")
    bias: bool = Field(False, description="whether the linear layers have biases")


class ExpertsConfig(Record):
    """A mixture of gated networks without bias, as in DeepSeek (Dai et al. 2024; DeepSeek-AI 2024, V2 and V3).

    `hidden` is of one expert; by default, the experts of a token are together 8/3 × width wide, rounded up.
    """

    kind: Literal["experts"] = "experts"
    experts: int = Field(8, gt=0, description="number of routed experts")
    experts_per_token: int = Field(2, gt=0, description="number of routed experts that each token uses")
    shared: int = Field(1, ge=0, description="number of further experts that every token uses")
    hidden: int | None = Field(
        None,
        gt=0,
        description="hidden width of one expert; none: a token's experts are together 8/3 × model.width wide",
    )
    activation: ActivationName = Field("silu", description="activation of the gate")
    gate: Literal["softmax", "sigmoid"] = Field(
        "sigmoid", description="from router logits to scores: V2 has softmax, V3 sigmoid"
    )
    groups: int | None = Field(None, gt=0, description="number of groups of experts; none: not divided")
    groups_per_token: int | None = Field(
        None, gt=0, description="number of groups that a token's experts are chosen from; none: all"
    )
    normalised: bool = Field(True, description="whether the weights of a token's experts sum to 1 before scaling")
    scale: float = Field(1.0, gt=0, description="multiplies the weights of a token's experts")
    balance: Literal["none", "loss", "bias"] = Field(
        "bias", description="how the load of experts is balanced: by a further loss, by a bias of their scores, or not"
    )
    balance_weight: float = Field(0.003, gt=0, description="weight of the balancing loss, with balance=loss")
    balance_rate: float = Field(0.001, gt=0, description="change of the balancing bias per step, with balance=bias")

    @model_validator(mode="after")
    def _fits(self) -> "ExpertsConfig":
        groups = self.groups or 1
        groups_per_token = self.groups_per_token or groups
        if self.experts_per_token > self.experts:
            raise ValueError(
                f"experts_per_token {self.experts_per_token} exceeds experts {self.experts}: lower it or raise experts"
            )
        if self.experts % groups:
            raise ValueError(f"{groups} groups do not divide {self.experts} experts: change groups or experts")
        if groups_per_token > groups:
            raise ValueError(
                f"groups_per_token {groups_per_token} is more than groups {groups}: lower it, or raise groups"
            )
        if self.experts_per_token > groups_per_token * self.experts // groups:
            raise ValueError(
                f"{groups_per_token} of {groups} groups have {groups_per_token * self.experts // groups} experts, but "
                f"experts_per_token is {self.experts_per_token}: raise groups_per_token, or lower experts_per_token"
            )
        return self


FeedForwardConfig = Annotated[DenseConfig | GatedConfig | ExpertsConfig, Field(discriminator="kind")]
