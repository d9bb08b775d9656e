"""The model: a body that reads and a head that answers. Three bodies make three families.

Called, a model gives logits and nothing else: losses live in tasks, sampling in `generate`. `hidden` gives what the
head reads, so that whoever needs few logits need not compute them all: ``model.head(model.hidden(tokens)[:, -1:])``.
"""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from cutaway.model.block import Memory
from cutaway.model.heads import Head, Mask
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache
from cutaway.nn.geometry import locate

Tokens = Int[Tensor, "B T"]
SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


class DecoderOnly(nn.Module):
    """A decoder: each token sees itself and its past (Radford et al. 2018)."""

    def __init__(self, decoder: Stack, head: Head) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head

    def make_cache(self, batch: int, slots: int) -> Cache:
        """Makes room to remember `slots` tokens of `batch` sequences while decoding."""
        return self.decoder.make_cache(batch, slots)

    def hidden(
        self,
        tokens: Tokens,
        *,
        attention_mask: Mask | None = None,
        documents: Int[Tensor, "B T"] | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Computes what the head reads. Takes what `forward` takes."""
        return self.decoder(tokens, attention_mask, documents=documents, cache=cache)

    def forward(
        self,
        tokens: Tokens,
        *,
        attention_mask: Mask | None = None,
        documents: Int[Tensor, "B T"] | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B ..."]:
        """Scores, after each token, every token that might follow; or what else its head scores.

        Args:
            tokens: ids.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            documents: a number a token: tokens see their own document only. Without it a row is one document.
            cache: what earlier calls remembered; these tokens follow them and are added to it. A head that pools sees
                these tokens only.

        Raises:
            ValueError: more tokens than the model has positions or the cache has slots.
        """
        hidden = self.hidden(tokens, attention_mask=attention_mask, documents=documents, cache=cache)
        return self.head(hidden, attention_mask)


class EncoderOnly(nn.Module):
    """An encoder: each token sees all others, before and behind it (Devlin et al. 2019)."""

    def __init__(self, encoder: Stack, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def hidden(
        self,
        tokens: Tokens,
        *,
        attention_mask: Mask | None = None,
        segments: Int[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Computes what the head reads. Takes what `forward` takes."""
        return self.encoder(tokens, attention_mask, segments=segments)

    def forward(
        self,
        tokens: Tokens,
        *,
        attention_mask: Mask | None = None,
        segments: Int[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B ..."]:
        """Scores what the head scores: tokens, labels of each token, or labels of the sequence.

        Args:
            tokens: ids.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            segments: which part of the text each token belongs to, for a model that tells parts apart; else the first.

        Raises:
            ValueError: more tokens than the model has positions, or segments that it does not tell apart.
        """
        return self.head(self.hidden(tokens, attention_mask=attention_mask, segments=segments), attention_mask)


class EncoderDecoder(nn.Module):
    """An encoder that reads a source, and a decoder that writes while it looks at it (Vaswani et al. 2017)."""

    def __init__(self, encoder: Stack, decoder: Stack, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.head = head

    def make_cache(self, batch: int, slots: int, source_slots: int) -> Cache:
        """Makes room to remember `slots` tokens of `batch` sequences while decoding, and their sources."""
        return self.decoder.make_cache(batch, slots, source_slots)

    def encode(self, source: Int[Tensor, "B Ts"], source_mask: SourceMask | None = None) -> Memory:
        """Reads the source, for the decoder to look at."""
        return Memory(self.encoder(source, source_mask), locate(source, source_mask))

    def hidden(
        self,
        tokens: Tokens,
        *,
        source: Int[Tensor, "B Ts"] | None = None,
        attention_mask: Mask | None = None,
        source_mask: SourceMask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Computes what the head reads. Takes what `forward` takes."""
        memory = None if source is None else self.encode(source, source_mask)
        return self.decoder(tokens, attention_mask, cache=cache, memory=memory)

    def forward(
        self,
        tokens: Tokens,
        *,
        source: Int[Tensor, "B Ts"] | None = None,
        attention_mask: Mask | None = None,
        source_mask: SourceMask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Scores, after each token of the target, every token that might follow.

        Args:
            tokens: ids of the target, which begins with the token that begins texts.
            source: ids of what is read; with a cache only in the first call, which seals it.
            attention_mask: of the target: 1 for text, 0 for padding, on either side.
            source_mask: of the source, likewise.
            cache: what earlier calls remembered; these tokens follow them and are added to it.

        Raises:
            ValueError: there is no source, neither here nor in the cache, or one in both; or more tokens than there is
                room for.
        """
        hidden = self.hidden(tokens, source=source, attention_mask=attention_mask, source_mask=source_mask, cache=cache)
        return self.head(hidden, attention_mask)


Transformer = DecoderOnly | EncoderOnly | EncoderDecoder
