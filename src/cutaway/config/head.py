"""Choices of heads."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.feedforward import ActivationName
from cutaway.config.record import Record

TransformName = Annotated[
    ActivationName | None,
    Field(description="activation of a dense layer with a norm before the logits (Devlin et al. 2019); none: no layer"),
]
TransformBias = Annotated[bool, Field(description="whether the dense layer of the transform has a bias")]


class LanguageHeadConfig(Record):
    """Logits of the next token at each position."""

    kind: Literal["language"] = "language"
    tied: bool = Field(True, description="whether the token embedding's weights are used")
    bias: bool = Field(False, description="whether logits have a bias")
    scale: float = Field(1.0, gt=0, description="multiplies logits; 1/√width in T5 1.0")
    softcap: float | None = Field(None, gt=0, description="limits logits to ± this by a tanh; none: no limit")
    transform: TransformName = None
    transform_bias: TransformBias = True


class SequenceHeadConfig(Record):
    """Logits of labels for the whole sequence."""

    kind: Literal["sequence"] = "sequence"
    labels: int | None = Field(None, gt=0, description="number of labels; none: as in the data")
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="how hidden states become one vector")
    hidden: bool = Field(
        False, description="whether a dense layer with an activation precedes the logits (Devlin et al. 2019)"
    )
    activation: Literal["tanh", "relu", "gelu"] = Field(
        "tanh", description="activation of that layer: tanh in BERT, relu in DistilBERT, gelu in ELECTRA"
    )
    transform: TransformName = None
    transform_bias: TransformBias = True
    bias: bool = Field(True, description="whether logits have a bias")


class TokenHeadConfig(Record):
    """Logits of labels at each position."""

    kind: Literal["token"] = "token"
    labels: int | None = Field(None, gt=0, description="number of labels; none: as in the data")
    transform: TransformName = None
    transform_bias: TransformBias = True


class EmbeddingHeadConfig(Record):
    """A vector for the whole sequence (Reimers & Gurevych 2019)."""

    kind: Literal["embedding"] = "embedding"
    pooling: Literal["cls", "mean", "max", "last"] = Field("mean", description="how hidden states become one vector")
    hidden: bool = Field(False, description="whether a dense layer with a tanh follows pooling (Devlin et al. 2019)")
    normalised: bool = Field(False, description="whether the vector is scaled to length 1")


HeadConfig = Annotated[
    LanguageHeadConfig | SequenceHeadConfig | TokenHeadConfig | EmbeddingHeadConfig, Field(discriminator="kind")
]
