"""Which head: how hidden states become answers."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.feedforward import ActivationName
from cutaway.config.record import Record


class LanguageHeadConfig(Record):
    """A score for each token of the vocabulary, at each place."""

    kind: Literal["language"] = "language"
    tied: bool = Field(True, description="use the token embedding's weights")
    bias: bool = False
    scale: float = Field(1.0, gt=0, description="what logits are multiplied by: 1/√width in the first T5")
    softcap: float | None = Field(None, gt=0, description="squeeze logits into ± this by a tanh")
    transform: ActivationName | None = Field(
        None, description="first a dense layer with this activation and a norm (Devlin et al. 2019)"
    )


class SequenceHeadConfig(Record):
    """A score for each label, for the sequence as a whole."""

    kind: Literal["sequence"] = "sequence"
    labels: int | None = Field(None, gt=0, description="how many; those of the data if not given")
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="how many tokens become one vector")
    hidden: bool = Field(False, description="first a dense layer with an activation (Devlin et al. 2019)")
    activation: Literal["tanh", "relu"] = Field("tanh", description="of that layer: BERT's or DistilBERT's")


class TokenHeadConfig(Record):
    """A score for each label, at each place."""

    kind: Literal["token"] = "token"
    labels: int | None = Field(None, gt=0, description="how many; those of the data if not given")


class EmbeddingHeadConfig(Record):
    """A vector for the sequence as a whole (Reimers & Gurevych 2019)."""

    kind: Literal["embedding"] = "embedding"
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="how many tokens become one vector")
    hidden: bool = Field(False, description="then a dense layer with a tanh (Devlin et al. 2019)")
    normalised: bool = Field(False, description="at last brought to length 1")


HeadConfig = Annotated[
    LanguageHeadConfig | SequenceHeadConfig | TokenHeadConfig | EmbeddingHeadConfig, Field(discriminator="kind")
]
