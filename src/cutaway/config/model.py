"""The whole model."""

from typing import Literal

from pydantic import Field, model_validator

from cutaway.config.attention import AttentionConfig, GroupedConfig
from cutaway.config.base import Record
from cutaway.config.feedforward import DenseConfig, FeedForwardConfig
from cutaway.config.head import HeadConfig, LanguageHeadConfig
from cutaway.config.norm import LayerNormConfig, NormConfig
from cutaway.config.position import LearnedConfig, PositionConfig


class EmbeddingConfig(Record):
    """What happens to token vectors before the first block."""

    scaled: bool = Field(False, description="multiply them by √width (Vaswani et al. 2017, section 3.4)")
    norm: bool = Field(False, description="normalise them, positions added")
    segments: int = Field(0, ge=0, description="trained vectors that tell parts of a text apart (Devlin et al. 2019)")


class ModelConfig(Record):
    """A transformer: a decoder that writes, an encoder that reads, or both.

    Encoder and decoder of one model have the same blocks, but for the decoder's cross-attention.
    """

    architecture: Literal["decoder", "encoder", "encoder_decoder"] = "decoder"
    vocabulary: int | None = Field(None, gt=1, description="tokens; the tokenizer's own number if not given")
    source_vocabulary: int | None = Field(
        None,
        gt=1,
        description="of an encoder-decoder whose source has its own tokenizer; else both share one table",
    )
    context: int = Field(256, gt=0, description="longest text it is trained on, in tokens")
    width: int = Field(128, gt=0)
    layers: int = Field(4, gt=0)
    encoder_layers: int | None = Field(None, gt=0, description="of an encoder-decoder; as many as layers if not given")
    embedding: EmbeddingConfig = EmbeddingConfig()
    position: PositionConfig = LearnedConfig()
    attention: AttentionConfig = GroupedConfig()
    feedforward: FeedForwardConfig = DenseConfig()
    norm: NormConfig = LayerNormConfig()
    residual: Literal["pre", "post", "sandwich", "parallel"] = "pre"
    final_norm: bool = True
    head: HeadConfig = LanguageHeadConfig()
    dropout: float = Field(0.0, ge=0, lt=1, description="of embeddings, hidden units and what enters the stream")

    @model_validator(mode="after")
    def _fits(self) -> "ModelConfig":
        attention = self.attention
        if attention.head_width is None and self.width % attention.heads:
            raise ValueError(
                f"width {self.width} is not divisible by {attention.heads} heads: "
                f"change model.width or model.attention.heads, or give model.attention.head_width"
            )
        if attention.heads % (attention.kv_heads or attention.heads):
            raise ValueError(
                f"{attention.kv_heads} kv_heads do not divide {attention.heads} heads: change model.attention.kv_heads"
            )
        head_width = attention.head_width or self.width // attention.heads
        if self.position.kind == "rotary" and head_width % 2:
            raise ValueError(f"rotary positions turn pairs, and a head is {head_width} wide: make it even")
        return self

    @model_validator(mode="after")
    def _has_its_parts(self) -> "ModelConfig":
        if self.embedding.segments and self.architecture != "encoder":
            raise ValueError("model.embedding.segments is of an encoder: no other model is told of segments")
        if self.architecture == "encoder_decoder":
            if self.head.kind != "language":
                raise ValueError(
                    f"an encoder_decoder writes text: its model.head is language, not {self.head.kind}; "
                    f"for another head write model.architecture=encoder"
                )
            return self
        for name in ("source_vocabulary", "encoder_layers"):
            if getattr(self, name) is not None:
                raise ValueError(f"model.{name} is of an encoder_decoder, and this is a model of one stack")
        return self
