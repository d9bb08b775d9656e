"""Which feed-forward network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.record import Record

ActivationName = Literal["relu", "gelu", "gelu_tanh", "silu", "squared_relu"]


class DenseConfig(Record):
    """Up, activation, down (Vaswani et al. 2017). `hidden` is 4 × width if not given."""

    kind: Literal["dense"] = "dense"
    hidden: int | None = Field(None, gt=0)
    activation: ActivationName = "gelu"
    bias: bool = True


class GatedConfig(Record):
    """SwiGLU with `silu`, GEGLU with `gelu` (Shazeer 2020). `hidden` is 8/3 × width, rounded up to 8s, if not given."""

    kind: Literal["gated"] = "gated"
    hidden: int | None = Field(None, gt=0)
    activation: ActivationName = "silu"
    bias: bool = False


class ExpertsConfig(Record):
    """A mixture of gated networks without bias, as DeepSeek's (Dai et al. 2024; DeepSeek-AI 2024, V2 and V3).

    `hidden` is of one expert; if not given, those that a token passes through are together 8/3 × width, rounded up.
    """

    kind: Literal["experts"] = "experts"
    experts: int = Field(8, gt=0, description="of which each token chooses")
    experts_per_token: int = Field(2, gt=0, description="how many of them it chooses")
    shared: int = Field(1, ge=0, description="how many more every token passes through")
    hidden: int | None = Field(None, gt=0)
    activation: ActivationName = "silu"
    gate: Literal["softmax", "sigmoid"] = Field("sigmoid", description="what makes scores: of V2 or of V3")
    groups: int | None = Field(None, gt=0, description="that experts are divided into; none: not divided")
    groups_per_token: int | None = Field(None, gt=0, description="groups that a token's experts come from; all if none")
    normalised: bool = Field(True, description="weights of the chosen sum to one before they are scaled")
    scale: float = Field(1.0, gt=0, description="what these weights are multiplied by")
    balance: Literal["none", "loss", "bias"] = Field("bias", description="what keeps tokens from all going to a few")
    balance_weight: float = Field(0.003, gt=0, description="of that loss, for each sequence by itself")
    balance_rate: float = Field(0.001, gt=0, description="how far a step moves that bias")

    @model_validator(mode="after")
    def _fits(self) -> "ExpertsConfig":
        groups = self.groups or 1
        groups_per_token = self.groups_per_token or groups
        if self.experts_per_token > self.experts:
            raise ValueError(
                f"{self.experts_per_token} experts cannot be chosen of {self.experts}: lower chosen or raise experts"
            )
        if self.experts % groups:
            raise ValueError(f"{groups} groups do not divide {self.experts} experts: change groups or experts")
        if groups_per_token > groups:
            raise ValueError(
                f"{groups_per_token} groups cannot be chosen of {groups}: lower groups_per_token or raise groups"
            )
        if self.experts_per_token > groups_per_token * self.experts // groups:
            raise ValueError(
                f"{groups_per_token} of {groups} groups hold {groups_per_token * self.experts // groups} experts, and "
                f"{self.experts_per_token} are to be chosen: raise groups_per_token or lower chosen"
            )
        return self


FeedForwardConfig = Annotated[DenseConfig | GatedConfig | ExpertsConfig, Field(discriminator="kind")]
