"""Choices of heads."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.feedforward import ActivationName
from cutaway.config.record import Record


class LanguageHeadConfig(Record):
    """Logits of the next token at each position."""

    kind: Literal["language"] = "language"
    tied: bool = Field(True, description="use the token embedding's weights")
    bias: bool = False
    scale: float = Field(1.0, gt=0, description="multiplies logits: 1/√width in the first T5")
    softcap: float | None = Field(None, gt=0, description="limits logits to ± this by a tanh")
    transform: ActivationName | None = Field(
        None, description="a dense layer with this activation and a norm before the logits (Devlin et al. 2019)"
    )


class SequenceHeadConfig(Record):
    """Logits of labels for the whole sequence."""

    kind: Literal["sequence"] = "sequence"
    labels: int | None = Field(None, gt=0, description="number of labels; taken from the data if not given")
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="from hidden states to one vector")
    hidden: bool = Field(False, description="a dense layer with an activation before the logits (Devlin et al. 2019)")
    activation: Literal["tanh", "relu"] = Field("tanh", description="of that layer: BERT's or DistilBERT's")


class TokenHeadConfig(Record):
    """Logits of labels at each position."""

    kind: Literal["token"] = "token"
    labels: int | None = Field(None, gt=0, description="number of labels; taken from the data if not given")


class EmbeddingHeadConfig(Record):
    """A vector for the whole sequence (Reimers & Gurevych 2019)."""

    kind: Literal["embedding"] = "embedding"
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="from hidden states to one vector")
    hidden: bool = Field(False, description="a dense layer with a tanh after pooling (Devlin et al. 2019)")
    normalised: bool = Field(False, description="scale the vector to length 1")


HeadConfig = Annotated[
    LanguageHeadConfig | SequenceHeadConfig | TokenHeadConfig | EmbeddingHeadConfig, Field(discriminator="kind")
]
