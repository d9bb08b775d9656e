"""Choices of the whole model."""

from typing import Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from cutaway.config.attention import AttentionConfig, GroupedConfig
from cutaway.config.embedding import EmbeddingConfig, TokenEmbeddingConfig
from cutaway.config.feedforward import DenseConfig, FeedForwardConfig
from cutaway.config.head import HeadConfig, LanguageHeadConfig
from cutaway.config.norm import LayerNormConfig, NormConfig
from cutaway.config.position import LearnedConfig, PositionConfig, RotaryConfig, RotaryPositionConfig
from cutaway.config.record import Record
from cutaway.errors import UserError, counted

Residual = Literal["pre", "post", "sandwich", "res_post", "parallel", "parallel_norms"]
AnyEmbedding = TypeVar("AnyEmbedding", bound=Record)
FEWEST_WAVES = 4
"""The least width for sines and cosines of two frequencies."""


class FirstLayersConfig(Record):
    """The first layers of a stack, if they differ: dense ones before experts (DeepSeek-V3, section 4.2)."""

    count: int = Field(1, gt=0, description="number of these layers in each stack")
    feedforward: FeedForwardConfig = Field(DenseConfig(), description="feed-forward network of these layers")


class OtherLayersConfig(Record):
    """Layers whose attention has another window or other positions: the local ones of Gemma 3 and ModernBERT."""

    layers: tuple[int, ...] = Field(description="numbers of these layers in each stack, from 0")
    window: int | None = Field(None, gt=0, description="model.attention.window of these layers; none: no window")
    position: RotaryPositionConfig | None = Field(
        None, description="rotary positions of these layers, or no positions; none: those of the other layers"
    )

    @field_validator("layers")
    @classmethod
    def _in_order(cls, layers: tuple[int, ...]) -> tuple[int, ...]:
        if not layers or min(layers) < 0:
            raise ValueError("give the numbers of layers, from 0, for example [0, 2, 4]")
        return tuple(sorted(set(layers)))


class ModelConfig(Record):
    """A transformer: a decoder, an encoder, or both.

    Encoder and decoder of one model have the same blocks, except for the decoder's cross-attention and the choices
    whose keys begin with `encoder`.
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
    encoder_heads: int | None = Field(
        None,
        gt=0,
        description="number of heads of an encoder-decoder's encoder, together as wide as the decoder's; none: as many",
    )
    encoder_hidden: int | None = Field(
        None, gt=0, description="hidden width of an encoder-decoder's encoder; none: as in the decoder"
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
    other_layers: OtherLayersConfig | None = Field(
        None, description="layers whose attention has another window or other positions; none: all are alike"
    )
    norm: NormConfig = Field(LayerNormConfig(), description="normalisation")
    residual: Residual = Field(
        "pre",
        description="where norms are: before each sublayer, after the sum (post), before and after the sublayer "
        "(sandwich), or after it only (res_post); parallel: sublayers read one norm of the same vector, or one each "
        "(parallel_norms)",
    )
    first_norm: bool = Field(
        True,
        description="whether the first layer of each stack normalises what its attention reads, as residual=pre does; "
        "ModernBERT's does not, because embeddings are normalised",
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
        others = None if self.other_layers is None else self.other_layers.position
        for position in (self.position, others):
            if not isinstance(position, RotaryConfig):
                continue
            if attention.kind == "latent":
                if position.rotary_width is not None:
                    raise ValueError(
                        "model.position.rotary_width is for grouped attention: set model.attention.rotary_width"
                    )
            elif position.rotary_width is None and head_width % 2:
                raise ValueError(f"rotary positions rotate pairs, but a head is {head_width} wide: make it even")
            elif position.rotary_width is not None and position.rotary_width > head_width:
                raise ValueError(
                    f"model.position.rotary_width {position.rotary_width} exceeds a head's width {head_width}: lower it"
                )
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
    def token_width(self) -> int:
        """The width of the vectors of tokens."""
        own = self.embedding.token_width if self.embedding.kind == "tokens" else None
        return own or self.width

    @property
    def segments(self) -> int:
        """The number of segments of the embedding."""
        return self.embedding.segments if self.embedding.kind == "tokens" else 0

    def __repr__(self) -> str:
        layers = f"{self.encoder_layers} + " * bool(self.encoder_layers) + counted(self.layers, "layer")
        vocabulary = "" if self.vocabulary is None else f", {self.vocabulary:,} tokens"
        return (
            f"ModelConfig({self.architecture}, {layers}, width {self.width:,}, "
            f"{counted(self.attention.heads, 'head')}, "
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
        if self.position.kind == "sinusoidal" and self.position.inclusive and self.width < FEWEST_WAVES:
            raise ValueError(f"model.position.inclusive needs a model.width of at least {FEWEST_WAVES}: raise it")
        if self.position.kind == "shortest_path" and self.architecture != "encoder":
            raise ValueError("shortest_path positions are for encoders: graphs have no order to generate in")
        if self.architecture == "encoder_decoder":
            if self.head.kind != "language":
                raise ValueError(
                    f"an encoder_decoder writes text: its model.head is language, not {self.head.kind}; "
                    f"for another head write model.architecture=encoder"
                )
            self._has_an_encoder()
            self._has_one_token_width()
            return self
        for name in (
            "source_vocabulary",
            "source_embedding",
            "encoder_layers",
            "encoder_heads",
            "encoder_hidden",
        ):
            if getattr(self, name) is not None:
                raise ValueError(f"model.{name} is for an encoder_decoder, but this model has one stack: remove it")
        return self

    def _has_an_encoder(self) -> None:
        heads, attention = self.encoder_heads, self.attention
        if heads is None:
            return
        if attention.kind != "grouped" or attention.kv_heads not in (None, attention.heads):
            raise ValueError("model.encoder_heads needs grouped attention with as many key-value heads: remove it")
        width = (attention.head_width or self.width // attention.heads) * attention.heads
        if width % heads:
            raise ValueError(f"{heads} encoder_heads do not divide the width {width} of all heads: change one")

    def _has_one_token_width(self) -> None:
        source, target = self.source_embedding, self.embedding
        if source is None or source.kind != "tokens" or target.kind != "tokens":
            return
        if source.token_width != target.token_width:
            raise ValueError(
                f"model.source_embedding.token_width is {source.token_width}, but model.embedding.token_width is "
                f"{target.token_width}: make them equal"
            )

    @model_validator(mode="after")
    def _has_layers_and_a_head_for_all(self) -> "ModelConfig":
        layers = min(self.layers, self.encoder_layers or self.layers)
        if self.first_layers is not None and self.first_layers.count > layers:
            raise ValueError(
                f"model.first_layers.count is {self.first_layers.count}, but the model has {counted(layers, 'layer')}"
            )
        self._has_other_layers(layers)
        if not self.first_norm and self.residual != "pre":
            raise ValueError(
                f"model.first_norm=no leaves out a norm of residual=pre, but residual is {self.residual}: remove it"
            )
        if self.multi_token_prediction and (self.architecture != "decoder" or self.head.kind != "language"):
            raise ValueError("model.multi_token_prediction is for decoders with a language head: remove it")
        return self

    def _has_other_layers(self, layers: int) -> None:
        other = self.other_layers
        if other is None:
            return
        if max(other.layers) >= layers:
            raise ValueError(
                f"model.other_layers.layers has {max(other.layers)}, but there are {layers} layers, numbered from 0"
            )
        if other.position is not None and self.position.kind not in ("rotary", "none"):
            raise ValueError(
                f"model.other_layers.position differs from {self.position.kind} positions, which all layers share: "
                "remove it, or write model.position=rotary"
            )
