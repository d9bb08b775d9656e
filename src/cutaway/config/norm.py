"""Choices of normalisation."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

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
    zero_centred: bool = Field(False, description="whether the trained factor is 1 + weight (Gemma)")

    @model_validator(mode="after")
    def _fits(self) -> "RMSNormConfig":
        if self.zero_centred and not self.weight:
            raise ValueError("zero_centred is a choice of the trained factor: remove it, or write weight=yes")
        return self


NormConfig = Annotated[LayerNormConfig | RMSNormConfig, Field(discriminator="kind")]
