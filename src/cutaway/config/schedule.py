"""How the learning rate moves over a run: warm-up from zero to its peak, then one of these."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.base import Record


class ConstantConfig(Record):
    """Stays at the peak."""

    kind: Literal["constant"] = "constant"
    warmup: int = Field(0, ge=0, description="steps")


class CosineConfig(Record):
    """Half a cosine down to `floor` × peak (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"] = "cosine"
    warmup: int = Field(0, ge=0, description="steps")
    floor: float = Field(0.1, ge=0, le=1)


class LinearConfig(Record):
    """A straight line down to `floor` × peak."""

    kind: Literal["linear"] = "linear"
    warmup: int = Field(0, ge=0, description="steps")
    floor: float = Field(0.0, ge=0, le=1)


class StableConfig(Record):
    """Warm-up, stable, decay: at the peak until the last share of the run, then a straight line (Hu et al. 2024)."""

    kind: Literal["wsd"] = "wsd"
    warmup: int = Field(0, ge=0, description="steps")
    decay: float = Field(0.4, gt=0, le=1, description="last share of the run, in which the rate falls")
    floor: float = Field(0.0, ge=0, le=1)


class InverseSquareRootConfig(Record):
    """Falls with 1/√step from the end of the warm-up on (Vaswani et al. 2017, eq. 3)."""

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    warmup: int = Field(4000, gt=0, description="steps")


ScheduleConfig = Annotated[
    ConstantConfig | CosineConfig | LinearConfig | StableConfig | InverseSquareRootConfig, Field(discriminator="kind")
]
