"""The model: a body that reads and a head that answers. Three bodies make three families.

Called, a model gives logits and nothing else: losses live in tasks, sampling in `generate`. `hidden` gives what the
head reads, so that whoever needs few logits need not compute them all: ``model.head(model.hidden(tokens)[:, -1:])``.
"""

from collections.abc import Sequence

from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from cutaway.model.ahead import Ahead
from cutaway.model.block import Memory
from cutaway.model.heads import Head, Mask
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache
from cutaway.nn.geometry import locate

Tokens = Int[Tensor, "B T"]
Inputs = Shaped[Tensor, "B ..."]
"""Token ids (B, T), pictures (B, channels, height, width) or frames (B, T, bins), by the model's embedding."""
SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


class DecoderOnly(nn.Module):
    """A decoder: each token sees itself and its past (Radford et al. 2018).

    While it learns it may also look further `ahead`, by one token a module.
    """

    def __init__(self, decoder: Stack, head: Head, ahead: Sequence[Ahead] = ()) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head
        self.ahead = nn.ModuleList(ahead)

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

    def hidden_ahead(self, hidden: Float[Tensor, "B T C"], tokens: Tokens) -> list[Tensor]:
        """Computes what the head reads to look further ahead than the next token; `forward` never does.

        Args:
            hidden: of these tokens, as `hidden` gives them.
            tokens: ids, without padding on the left.

        Returns:
            For each depth k that the text is long enough for, (B, T - k, C): from place t on, with the tokens up to
            t + k in view, the head predicts the one after that.
        """
        depths = []
        for k, ahead in enumerate(self.ahead[: tokens.shape[1] - 1], 1):
            following = tokens[:, k:]
            geometry = self.decoder.geometry(self.decoder.places(following, None, None, None), None)
            hidden = ahead(hidden[:, :-1], following, geometry)
            depths.append(hidden)
        return depths

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
        inputs: Inputs,
        *,
        attention_mask: Mask | None = None,
        segments: Int[Tensor, "B T"] | None = None,
        distances: Int[Tensor, "B N N"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Computes what the head reads. Takes what `forward` takes."""
        return self.encoder(inputs, attention_mask, segments=segments, distances=distances)

    def forward(
        self,
        inputs: Inputs,
        *,
        attention_mask: Mask | None = None,
        segments: Int[Tensor, "B T"] | None = None,
        distances: Int[Tensor, "B N N"] | None = None,
    ) -> Float[Tensor, "B ..."]:
        """Scores what the head scores: tokens, labels of each token, or labels of the sequence.

        Args:
            inputs: token ids, pictures or frames.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            segments: which part of the text each token belongs to, for a model that tells parts apart; else the first.
            distances: edges between each two of the tokens, which are nodes of a graph; −1 where no path joins them.

        Raises:
            ValueError: more tokens than the model has positions; pictures, frames, segments or distances that it does
                not read.
        """
        hidden = self.hidden(inputs, attention_mask=attention_mask, segments=segments, distances=distances)
        return self.head(hidden, attention_mask)


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

    def encode(self, source: Inputs, source_mask: SourceMask | None = None) -> Memory:
        """Reads the source, for the decoder to look at."""
        hidden = self.encoder(source, source_mask)
        return Memory(hidden, locate(hidden, source_mask))

    def hidden(
        self,
        tokens: Tokens,
        *,
        source: Inputs | None = None,
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
        source: Inputs | None = None,
        attention_mask: Mask | None = None,
        source_mask: SourceMask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Scores, after each token of the target, every token that might follow.

        Args:
            tokens: ids of the target, which begins with the token that begins texts.
            source: what is read, token ids, pictures or frames; with a cache only in the first call, which seals it.
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
