"""Choices of normalisation."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.record import Record


class LayerNormConfig(Record):
    """Mean and variance over the channels (Ba et al. 2016)."""

    kind: Literal["layer"] = "layer"
    epsilon: float = Field(1e-5, gt=0, description="added inside the square root")
    weight: bool = Field(True, description="whether each channel has a trained factor")
    bias: bool = Field(True, description="whether each channel has a trained bias")


class RMSNormConfig(Record):
    """Root mean square over the channels (Zhang & Sennrich 2019)."""

    kind: Literal["rms"] = "rms"
    epsilon: float = Field(1e-6, gt=0, description="added inside the square root")
    weight: bool = Field(True, description="whether each channel has a trained factor")


NormConfig = Annotated[LayerNormConfig | RMSNormConfig, Field(discriminator="kind")]
