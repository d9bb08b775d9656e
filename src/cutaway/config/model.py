"""Choices of the whole model."""

from typing import Literal, TypeVar

from pydantic import Field, model_validator

from cutaway.config.attention import AttentionConfig, GroupedConfig
from cutaway.config.embedding import EmbeddingConfig, TokenEmbeddingConfig
from cutaway.config.feedforward import DenseConfig, FeedForwardConfig
from cutaway.config.head import HeadConfig, LanguageHeadConfig
from cutaway.config.norm import LayerNormConfig, NormConfig
from cutaway.config.position import LearnedConfig, PositionConfig
from cutaway.config.record import Record
from cutaway.errors import UserError

AnyEmbedding = TypeVar("AnyEmbedding", bound=Record)


class FirstLayersConfig(Record):
    """The first layers of a stack, if they differ: dense ones before experts (DeepSeek-V3, section 4.2)."""

    count: int = Field(1, gt=0, description="number of these layers in each stack")
    feedforward: FeedForwardConfig = Field(DenseConfig(), description="feed-forward network of these layers")


class ModelConfig(Record):
    """A transformer: a decoder, an encoder, or both.

    Encoder and decoder of one model have the same blocks, except for the decoder's cross-attention.
    """

    architecture: Literal["decoder", "encoder", "encoder_decoder"] = Field(
        "decoder",
        description="decoder: attends to earlier tokens; encoder: to all; encoder_decoder: both, for a source",
    )
    vocabulary: int | None = Field(None, gt=1, description="number of tokens; none: as many as the tokenizer has")
    source_vocabulary: int | None = Field(
        None,
        gt=1,
        description="number of tokens of an encoder-decoder's source; none: source and target share one table",
    )
    context: int = Field(256, gt=0, description="longest sequence in tokens")
    width: int = Field(128, gt=0, description="width of embeddings and hidden states")
    layers: int = Field(4, gt=0, description="number of layers; of an encoder-decoder, those of the decoder")
    encoder_layers: int | None = Field(
        None, gt=0, description="number of encoder layers of an encoder-decoder; none: as many as layers"
    )
    embedding: EmbeddingConfig = Field(TokenEmbeddingConfig(), description="what the model reads")
    source_embedding: EmbeddingConfig | None = Field(
        None, description="what the encoder of an encoder-decoder reads; none: text, as the decoder does"
    )
    position: PositionConfig = Field(LearnedConfig(), description="how the model knows the order of tokens")
    attention: AttentionConfig = Field(GroupedConfig(), description="attention of all layers")
    feedforward: FeedForwardConfig = Field(DenseConfig(), description="feed-forward network of each layer")
    first_layers: FirstLayersConfig | None = Field(
        None, description="the first layers of each stack, if they differ; none: all are alike"
    )
    norm: NormConfig = Field(LayerNormConfig(), description="normalisation")
    residual: Literal["pre", "post", "sandwich", "parallel"] = Field(
        "pre", description="where norms are: before, after, or around each sublayer; parallel: sublayers read one norm"
    )
    final_norm: bool = Field(True, description="whether each stack ends with a norm")
    head: HeadConfig = Field(LanguageHeadConfig(), description="what the model answers with")
    multi_token_prediction: int = Field(
        0, ge=0, description="number of tokens after the next one that are predicted too, in training"
    )
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="fraction of embeddings, hidden units and sublayer outputs that is dropped in training",
    )

    @model_validator(mode="after")
    def _fits(self) -> "ModelConfig":
        attention = self.attention
        if attention.head_width is None and self.width % attention.heads:
            raise ValueError(
                f"width {self.width} is not divisible by {attention.heads} heads: "
                f"change model.width or model.attention.heads, or give model.attention.head_width"
            )
        head_width = attention.head_width or self.width // attention.heads
        if self.position.kind == "rotary" and attention.kind == "grouped" and head_width % 2:
            raise ValueError(f"rotary positions rotate pairs, but a head is {head_width} wide: make it even")
        return self

    @property
    def known_vocabulary(self) -> int:
        """The vocabulary size.

        Raises:
            UserError: it is not known without a tokenizer.
        """
        if self.vocabulary is None:
            raise UserError("the model's vocabulary is not known without a tokenizer: give model.vocabulary")
        return self.vocabulary

    def input_embedding(self, kind: type[AnyEmbedding]) -> AnyEmbedding:
        """The input embedding, or that of the source of an encoder-decoder.

        Raises:
            UserError: it is of another kind.
        """
        read = self.source_embedding or self.embedding
        if not isinstance(read, kind):
            raise UserError(f"the model reads {read.kind}, but {kind.model_fields['kind'].default} are needed here")
        return read

    @property
    def longest_path(self) -> int:
        """The longest path between two nodes with its own bias; 0 if the positions are not those of a graph."""
        return self.position.max_distance if self.position.kind == "shortest_path" else 0

    @property
    def segments(self) -> int:
        """The number of segments of the embedding."""
        return self.embedding.segments if self.embedding.kind == "tokens" else 0

    def __repr__(self) -> str:
        layers = f"{self.encoder_layers} + {self.layers}" if self.encoder_layers else str(self.layers)
        vocabulary = "" if self.vocabulary is None else f", {self.vocabulary:,} tokens"
        return (
            f"ModelConfig({self.architecture}, {layers} layers, width {self.width:,}, {self.attention.heads} heads, "
            f"{self.position.kind} positions, context {self.context:,}{vocabulary})"
        )

    @model_validator(mode="after")
    def _has_its_parts(self) -> "ModelConfig":
        embedding = self.embedding
        if embedding.kind == "tokens" and embedding.segments and self.architecture != "encoder":
            raise ValueError("model.embedding.segments is for encoders only: remove it")
        if embedding.kind != "tokens" and (self.architecture != "encoder" or self.head.kind == "language"):
            raise ValueError(
                f"{embedding.kind} are read by an encoder whose head is sequence or token; to write text "
                f"from them, write model.architecture=encoder_decoder model.source_embedding={embedding.kind}"
            )
        if self.position.kind == "sinusoidal" and "patches" in (
            embedding.kind,
            getattr(self.source_embedding, "kind", ""),
        ):
            raise ValueError(
                "sinusoidal positions are one-dimensional, but patches are in a grid: write model.position=learned"
            )
        if self.position.kind == "shortest_path" and self.architecture != "encoder":
            raise ValueError("shortest_path positions are for encoders: graphs have no order to generate in")
        if self.architecture == "encoder_decoder":
            if self.head.kind != "language":
                raise ValueError(
                    f"an encoder_decoder writes text: its model.head is language, not {self.head.kind}; "
                    f"for another head write model.architecture=encoder"
                )
            return self
        for name in ("source_vocabulary", "source_embedding", "encoder_layers"):
            if getattr(self, name) is not None:
                raise ValueError(f"model.{name} is for an encoder_decoder, but this model has one stack: remove it")
        return self

    @model_validator(mode="after")
    def _has_layers_and_a_head_for_all(self) -> "ModelConfig":
        layers = min(self.layers, self.encoder_layers or self.layers)
        if self.first_layers is not None and self.first_layers.count > layers:
            raise ValueError(f"model.first_layers.count is {self.first_layers.count}, but there are {layers} layers")
        if self.multi_token_prediction and (self.architecture != "decoder" or self.head.kind != "language"):
            raise ValueError("model.multi_token_prediction is for decoders with a language head: remove it")
        return self
