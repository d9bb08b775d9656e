"""Choices of input embeddings."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.record import Record
from cutaway.errors import UserError


class TokenEmbeddingConfig(Record):
    """A trained vector per token."""

    kind: Literal["tokens"] = "tokens"
    token_width: int | None = Field(
        None,
        gt=0,
        description="width of the vectors, which a linear layer then projects to model.width, and which a language "
        "head reads (ALBERT, ELECTRA); none: model.width, without such a layer",
    )
    projected: Literal["sum", "tokens"] = Field(
        "sum",
        description="what that layer projects: the sum with segments and positions, after its norm and with a bias "
        "(ELECTRA), or the vectors of tokens only, without one (OPT)",
    )
    scaled: bool = Field(
        False,
        description="whether vectors are multiplied by the root of their width (Vaswani et al. 2017, section 3.4)",
    )
    norm: bool = Field(False, description="whether vectors are normalised after positions are added")
    segments: int = Field(0, ge=0, description="number of segments, each with a trained vector (Devlin et al. 2019)")

    @model_validator(mode="after")
    def _fits(self) -> "TokenEmbeddingConfig":
        if self.projected == "tokens" and self.token_width is None:
            raise ValueError(
                "projected=tokens is a choice of the layer after token_width: give it, or remove projected"
            )
        return self


class PatchEmbeddingConfig(Record):
    """A linear projection of each patch of an image (Dosovitskiy et al. 2021)."""

    kind: Literal["patches"] = "patches"
    patch: int = Field(16, gt=0, description="side of a patch in pixels")
    channels: int | None = Field(None, gt=0, description="1 for grey, 3 for colour; none: as in the data")
    height: int | None = Field(None, gt=0, description="height of images in pixels; none: as in the data")
    width: int | None = Field(None, gt=0, description="width of images in pixels; none: as in the data")
    cls: bool = Field(True, description="whether a trained vector precedes the patches, for a head to read")
    norm: bool = Field(False, description="whether vectors are normalised after positions are added")

    @model_validator(mode="after")
    def _fits(self) -> "PatchEmbeddingConfig":
        for name, pixels in (("height", self.height), ("width", self.width)):
            if pixels is not None and pixels % self.patch:
                raise ValueError(f"images of {name} {pixels} cannot be cut into patches of {self.patch}: change one")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images.

        Raises:
            UserError: they are not known without data.
        """
        if self.channels is None or self.height is None or self.width is None:
            raise UserError("the size of images is not known without data: give channels, height and width of patches")
        return self.channels, self.height, self.width


class FrameEmbeddingConfig(Record):
    """A linear projection of each frame of a recording."""

    kind: Literal["frames"] = "frames"
    bins: int = Field(64, gt=0, description="number of log-mel values per frame")
    norm: bool = Field(False, description="whether vectors are normalised after positions are added")


EmbeddingConfig = Annotated[
    TokenEmbeddingConfig | PatchEmbeddingConfig | FrameEmbeddingConfig, Field(discriminator="kind")
]


def fitting_patches(height: int, width: int) -> list[int]:
    """The patch sizes that divide images of this size."""
    common = math.gcd(height, width)
    return [patch for patch in range(1, common + 1) if common % patch == 0]
