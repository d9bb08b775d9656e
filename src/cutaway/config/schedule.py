"""Choices of learning rate schedules: warm-up from zero to the peak, then one of these."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cutaway.config.record import Record


def _steps_or_share(warmup: float) -> float:
    if warmup >= 1 and warmup != int(warmup):
        raise ValueError(f"warmup {warmup} is neither a number of steps nor a fraction of them below 1")
    return warmup if 0 < warmup < 1 else int(warmup)


Warmup = Annotated[
    float,
    Field(ge=0, description="steps of warm-up, or a fraction of all steps if below 1"),
    AfterValidator(_steps_or_share),
]


class ConstantConfig(Record):
    """Constant at the peak."""

    kind: Literal["constant"] = "constant"
    warmup: Warmup = 0


class CosineConfig(Record):
    """Half a cosine down to `floor` × peak (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"] = "cosine"
    warmup: Warmup = 0
    floor: float = Field(0.1, ge=0, le=1, description="last learning rate, as a fraction of the peak")


class LinearConfig(Record):
    """Linear decay to `floor` × peak."""

    kind: Literal["linear"] = "linear"
    warmup: Warmup = 0
    floor: float = Field(0.0, ge=0, le=1, description="last learning rate, as a fraction of the peak")


class StableConfig(Record):
    """Warm-up, stable, decay: constant, then linear decay in the last fraction of the run (Hu et al. 2024)."""

    kind: Literal["wsd"] = "wsd"
    warmup: Warmup = 0
    decay: float = Field(0.4, gt=0, le=1, description="last fraction of the run, in which the learning rate decays")
    floor: float = Field(0.0, ge=0, le=1, description="last learning rate, as a fraction of the peak")


class InverseSquareRootConfig(Record):
    """Decay with 1/√step after the warm-up (Vaswani et al. 2017, eq. 3)."""

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    warmup: Warmup = Field(4000, gt=0, description="steps of warm-up, or a fraction of all steps if below 1")


ScheduleConfig = Annotated[
    ConstantConfig | CosineConfig | LinearConfig | StableConfig | InverseSquareRootConfig, Field(discriminator="kind")
]
