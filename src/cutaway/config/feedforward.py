"""Which feed-forward network."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.base import Record

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


FeedForwardConfig = Annotated[DenseConfig | GatedConfig, Field(discriminator="kind")]
