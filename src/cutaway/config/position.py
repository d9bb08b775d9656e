"""Which position scheme."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.base import Record


class NoPositionConfig(Record):
    """No positions: a decoder knows order through its causal mask alone, an encoder not at all."""

    kind: Literal["none"] = "none"


class SinusoidalConfig(Record):
    """Fixed waves added to the embeddings (Vaswani et al. 2017)."""

    kind: Literal["sinusoidal"] = "sinusoidal"
    base: float = Field(10_000.0, gt=1)


class LearnedConfig(Record):
    """A trained vector for each of `context` positions, added to the embeddings; for patches, each place of a grid."""

    kind: Literal["learned"] = "learned"


class RotaryConfig(Record):
    """Queries and keys are rotated (Su et al. 2021)."""

    kind: Literal["rotary"] = "rotary"
    base: float = Field(10_000.0, gt=1)


class ALiBiConfig(Record):
    """Scores fall with distance, by a fixed slope a head (Press et al. 2022)."""

    kind: Literal["alibi"] = "alibi"


class RelativeConfig(Record):
    """Scores get a trained bias a head and bucket of distance (T5; Raffel et al. 2020)."""

    kind: Literal["relative"] = "relative"
    buckets: int = Field(32, ge=4)
    distance: int = Field(128, ge=8)


class ShortestPathConfig(Record):
    """Scores get a trained bias a head and number of edges between two nodes (Graphormer; Ying et al. 2021)."""

    kind: Literal["shortest_path"] = "shortest_path"
    longest: int = Field(20, gt=0, description="edges on the longest path that there is a bias for")


PositionConfig = Annotated[
    NoPositionConfig
    | SinusoidalConfig
    | LearnedConfig
    | RotaryConfig
    | ALiBiConfig
    | RelativeConfig
    | ShortestPathConfig,
    Field(discriminator="kind"),
]
