"""How the learning rate moves over a run: warm-up from zero to its peak, then one of these."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cutaway.config.record import Record


def _steps_or_share(warmup: float) -> float:
    if warmup >= 1 and warmup != int(warmup):
        raise ValueError(f"warmup {warmup} is neither a number of steps nor a share of them, which is less than 1")
    return warmup if 0 < warmup < 1 else int(warmup)


Warmup = Annotated[
    float, Field(ge=0, description="steps, or a share of all steps if below 1"), AfterValidator(_steps_or_share)
]


class ConstantConfig(Record):
    """Stays at the peak."""

    kind: Literal["constant"] = "constant"
    warmup: Warmup = 0


class CosineConfig(Record):
    """Half a cosine down to `floor` × peak (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"] = "cosine"
    warmup: Warmup = 0
    floor: float = Field(0.1, ge=0, le=1)


class LinearConfig(Record):
    """A straight line down to `floor` × peak."""

    kind: Literal["linear"] = "linear"
    warmup: Warmup = 0
    floor: float = Field(0.0, ge=0, le=1)


class StableConfig(Record):
    """Warm-up, stable, decay: at the peak until the last share of the run, then a straight line (Hu et al. 2024)."""

    kind: Literal["wsd"] = "wsd"
    warmup: Warmup = 0
    decay: float = Field(0.4, gt=0, le=1, description="last share of the run, in which the rate falls")
    floor: float = Field(0.0, ge=0, le=1)


class InverseSquareRootConfig(Record):
    """Falls with 1/√step from the end of the warm-up on (Vaswani et al. 2017, eq. 3)."""

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    warmup: Warmup = Field(4000, gt=0)


ScheduleConfig = Annotated[
    ConstantConfig | CosineConfig | LinearConfig | StableConfig | InverseSquareRootConfig, Field(discriminator="kind")
]
