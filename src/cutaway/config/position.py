"""Choices of position schemes."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from cutaway.config.record import Record
from cutaway.plugins import POSITIONS, load_plugin


class NoPositionConfig(Record):
    """No positions: a decoder has order through its causal mask only, an encoder has none."""

    kind: Literal["none"] = "none"


class SinusoidalConfig(Record):
    """Fixed sine and cosine waves added to the embeddings (Vaswani et al. 2017)."""

    kind: Literal["sinusoidal"] = "sinusoidal"
    base: float = Field(10_000.0, gt=1, description="wavelengths grow from 2π to 2π × this, in tokens")
    layout: Literal["pairs", "halves"] = Field(
        "pairs",
        description="pairs: sines and cosines are interleaved; halves: all sines precede all cosines",
    )
    inclusive: bool = Field(
        False,
        description="whether the longest wavelength is 2π × base, as in tensor2tensor, and not 2π × base^(1 − 2/width)",
    )
    offset: int = Field(0, ge=0, description="position of the first token; 2 in M2M-100")


class LearnedConfig(Record):
    """A trained vector per position, added to the embeddings; for patches, per position of the grid."""

    kind: Literal["learned"] = "learned"


class NoScalingConfig(Record):
    """Unscaled frequencies."""

    kind: Literal["none"] = "none"


class LinearScalingConfig(Record):
    """All frequencies divided: positions are interpolated (Chen et al. 2023)."""

    kind: Literal["linear"] = "linear"
    factor: float = Field(gt=0, description="divides all frequencies")


class Llama3ScalingConfig(Record):
    """Low frequencies divided, high ones kept (Llama 3.1)."""

    kind: Literal["llama3"] = "llama3"
    factor: float = Field(gt=0, description="divides low frequencies")
    slow: float = Field(1.0, gt=0, description="frequencies with fewer turns within trained_context are low")
    fast: float = Field(4.0, gt=0, description="frequencies with more turns are high")
    trained_context: int = Field(8192, gt=0, description="context in tokens before scaling")

    @model_validator(mode="after")
    def _fits(self) -> "Llama3ScalingConfig":
        if self.slow >= self.fast:
            raise ValueError(f"slow {self.slow} is not less than fast {self.fast}: change one")
        return self


class YarnScalingConfig(Record):
    """Low frequencies divided, high ones kept, and rotated vectors scaled (YaRN; Peng et al. 2023)."""

    kind: Literal["yarn"] = "yarn"
    factor: float = Field(gt=0, description="divides low frequencies")
    slow: float = Field(1.0, gt=0, description="frequencies with fewer turns within trained_context are low")
    fast: float = Field(32.0, gt=0, description="frequencies with more turns are high")
    trained_context: int = Field(4096, gt=0, description="context in tokens before scaling")
    magnitude: float = Field(1.0, gt=0, description="multiplies rotated queries and keys")


class DynamicScalingConfig(Record):
    """The base grows with the length of a text beyond the trained context (dynamic NTK; Peng et al. 2023, section 3.3).

    Keys in a cache keep the rotation that they had when they were computed, as in `transformers`.
    """

    kind: Literal["dynamic"] = "dynamic"
    factor: float = Field(gt=0, description="how fast the base grows")
    trained_context: int = Field(4096, gt=0, description="longest text in tokens whose frequencies are unscaled")


class LongRoPEScalingConfig(Record):
    """Each frequency divided by a factor of its own, with other factors in longer texts (LongRoPE; Ding et al. 2024).

    Keys in a cache keep the rotation that they had when they were computed; Phi-3's own `generate` computes them anew
    once a text outgrows trained_context.
    """

    kind: Literal["longrope"] = "longrope"
    short: tuple[float, ...] = Field(description="divides each frequency in texts within trained_context")
    long: tuple[float, ...] = Field(description="divides each frequency in longer texts")
    trained_context: int = Field(4096, gt=0, description="longest text in tokens for which short is used")
    magnitude: float = Field(1.0, gt=0, description="multiplies rotated queries and keys")


RotaryScalingConfig = Annotated[
    NoScalingConfig
    | LinearScalingConfig
    | Llama3ScalingConfig
    | YarnScalingConfig
    | DynamicScalingConfig
    | LongRoPEScalingConfig,
    Field(discriminator="kind"),
]


class RotaryConfig(Record):
    """Queries and keys are rotated (Su et al. 2021)."""

    kind: Literal["rotary"] = "rotary"
    base: float = Field(10_000.0, gt=1, description="wavelengths grow from 2π to 2π × this, in tokens")
    rotary_width: int | None = Field(
        None, gt=0, multiple_of=2, description="number of channels of each head that are rotated; none: all"
    )
    scaling: RotaryScalingConfig = Field(NoScalingConfig(), description="how frequencies are scaled for longer texts")


RotaryPositionConfig = Annotated[RotaryConfig | NoPositionConfig, Field(discriminator="kind")]
"""Positions that only the layers' attention knows of, so that they may differ by layer."""


class ALiBiConfig(Record):
    """Scores fall linearly with distance, with a fixed slope per head (Press et al. 2022)."""

    kind: Literal["alibi"] = "alibi"


class RelativeConfig(Record):
    """A trained bias of scores per head and bucket of distance (T5; Raffel et al. 2020)."""

    kind: Literal["relative"] = "relative"
    buckets: int = Field(32, ge=4, description="number of buckets of distances")
    max_distance: int = Field(128, ge=8, description="distance in tokens from which all share the last bucket")


class ShortestPathConfig(Record):
    """A trained bias of scores per head and length of the shortest path (Graphormer; Ying et al. 2021)."""

    kind: Literal["shortest_path"] = "shortest_path"
    max_distance: int = Field(20, gt=0, description="longest path with its own bias, in edges")


class PositionPlugin(Record):
    """A position scheme of another package: its keys, and how its module is built.

    Attributes:
        kind: its name; the default of the field.
        acts_on: whether the module is added to `embeddings` (`cutaway.nn.positions.AddsToEmbeddings`) or biases
            `scores` (`BiasesScores`).
        builder: ``module:function``, a function of the `ModelConfig` and of whether the stack is causal.
    """

    acts_on: ClassVar[Literal["embeddings", "scores"]]
    builder: ClassVar[str]
    kind: str


def _of_plugin(given: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validates schemes of other packages by their own records."""
    kind = given.get("kind") if isinstance(given, dict) else None
    if isinstance(given, PositionPlugin):
        return given
    if isinstance(kind, str) and kind not in _BUILT_IN:
        plugin: type[PositionPlugin] | None = load_plugin(POSITIONS, kind, PositionPlugin)
        if plugin is not None:
            return plugin.model_validate(given)
    return handler(given)


PositionConfig = Annotated[
    SerializeAsAny[
        NoPositionConfig
        | SinusoidalConfig
        | LearnedConfig
        | RotaryConfig
        | ALiBiConfig
        | RelativeConfig
        | ShortestPathConfig
    ],
    Field(discriminator="kind"),
    WrapValidator(_of_plugin),
]
_BUILT_IN = {"none", "sinusoidal", "learned", "rotary", "alibi", "relative", "shortest_path"}
