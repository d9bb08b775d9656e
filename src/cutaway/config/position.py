"""Which position scheme."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from cutaway.config.record import Record
from cutaway.plugins import POSITIONS, load_plugin


class NoPositionConfig(Record):
    """No positions: a decoder knows order through its causal mask alone, an encoder not at all."""

    kind: Literal["none"] = "none"


class SinusoidalConfig(Record):
    """Fixed waves added to the embeddings (Vaswani et al. 2017)."""

    kind: Literal["sinusoidal"] = "sinusoidal"
    base: float = Field(10_000.0, gt=1)
    layout: Literal["pairs", "halves"] = Field(
        "pairs",
        description="a sine beside its cosine, or all sines before all cosines",
    )


class LearnedConfig(Record):
    """A trained vector for each of `context` positions, added to the embeddings; for patches, each place of a grid."""

    kind: Literal["learned"] = "learned"


class NoScalingConfig(Record):
    """Angles as they are."""

    kind: Literal["none"] = "none"


class LinearScalingConfig(Record):
    """All angles divided: positions interpolated (Chen et al. 2023)."""

    kind: Literal["linear"] = "linear"
    factor: float = Field(gt=0)


class Llama3ScalingConfig(Record):
    """Slow angles divided, fast ones kept (Llama 3.1)."""

    kind: Literal["llama3"] = "llama3"
    factor: float = Field(gt=0, description="what slow angles are divided by")
    slow: float = Field(1.0, gt=0, description="angles that turn less often than so within trained_context are slow")
    fast: float = Field(4.0, gt=0, description="those that turn more often are fast")
    trained_context: int = Field(8192, gt=0, description="tokens of the longest text before scaling")

    @model_validator(mode="after")
    def _fits(self) -> "Llama3ScalingConfig":
        if self.slow >= self.fast:
            raise ValueError(f"slow {self.slow} is not less than fast {self.fast}: change one")
        return self


class YarnScalingConfig(Record):
    """Slow angles divided, fast ones kept, and rotated vectors made longer (YaRN; Peng et al. 2023)."""

    kind: Literal["yarn"] = "yarn"
    factor: float = Field(gt=0, description="what slow angles are divided by")
    slow: float = Field(1.0, gt=0, description="angles that turn less often than so within trained_context are slow")
    fast: float = Field(32.0, gt=0, description="those that turn more often are fast")
    trained_context: int = Field(4096, gt=0, description="tokens of the longest text before scaling")
    magnitude: float = Field(1.0, gt=0, description="what rotated queries and keys are multiplied by")


RotaryScalingConfig = Annotated[
    NoScalingConfig | LinearScalingConfig | Llama3ScalingConfig | YarnScalingConfig, Field(discriminator="kind")
]


class RotaryConfig(Record):
    """Queries and keys are rotated (Su et al. 2021)."""

    kind: Literal["rotary"] = "rotary"
    base: float = Field(10_000.0, gt=1)
    scaling: RotaryScalingConfig = NoScalingConfig()


class ALiBiConfig(Record):
    """Scores fall with distance, by a fixed slope a head (Press et al. 2022)."""

    kind: Literal["alibi"] = "alibi"


class RelativeConfig(Record):
    """Scores get a trained bias a head and bucket of distance (T5; Raffel et al. 2020)."""

    kind: Literal["relative"] = "relative"
    buckets: int = Field(32, ge=4)
    max_distance: int = Field(128, ge=8, description="distances from here on share the last bucket")


class ShortestPathConfig(Record):
    """Scores get a trained bias a head and number of edges between two nodes (Graphormer; Ying et al. 2021)."""

    kind: Literal["shortest_path"] = "shortest_path"
    max_distance: int = Field(20, gt=0, description="edges on the longest path that there is a bias for")


class PositionPlugin(Record):
    """A position scheme of another package: a record with its keys, and how its module is built.

    Attributes:
        kind: its name, the default of the field.
        acts_on: whether the module adds to `embeddings` (`cutaway.nn.positions.AddsToEmbeddings`) or biases `scores`
            (`BiasesScores`).
        builder: ``module:function``, a function of the `ModelConfig` and of whether the stack is causal.
    """

    acts_on: ClassVar[Literal["embeddings", "scores"]]
    builder: ClassVar[str]
    kind: str


def _of_plugin(given: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validates a scheme of another package by its own record, any other as usual."""
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
