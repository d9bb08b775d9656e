"""Choices of input embeddings."""

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cutaway.config.record import Record
from cutaway.errors import UserError


class NGramsConfig(Record):
    """A trained vector per n-gram, which starts at zero, added to the vector of its last token."""

    lengths: tuple[int, ...] = Field((2, 3), description="numbers of tokens: 2 for pairs of tokens, 3 for triples")
    rows: tuple[int, ...] = Field(
        (4096,),
        description="most vectors of each table, or one number per length; where there are more n-grams, those with "
        "the same hash share a vector",
    )
    width: int | None = Field(
        None, gt=0, description="width of the vectors, which a linear layer then projects; none: that of tokens"
    )

    @field_validator("lengths", "rows", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return (given,) if isinstance(given, int) else given

    @model_validator(mode="after")
    def _fits(self) -> "NGramsConfig":
        if not self.lengths or min(self.lengths) < 2 or len(set(self.lengths)) < len(self.lengths):
            raise ValueError("the lengths of n-grams are different numbers from 2 on, for example [2, 3]")
        if min(self.rows, default=0) < 1 or len(self.rows) not in (1, len(self.lengths)):
            raise ValueError("give one number of rows, or one for each length, for example [4096, 2048]")
        return self

    @property
    def tables(self) -> list[tuple[int, int]]:
        """The length and the rows of each table."""
        rows = self.rows * len(self.lengths) if len(self.rows) == 1 else self.rows
        return list(zip(self.lengths, rows, strict=True))


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
    ngrams: NGramsConfig | None = Field(
        None, description="vectors of the last few tokens together, added to those of tokens; none: there are none"
    )

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
