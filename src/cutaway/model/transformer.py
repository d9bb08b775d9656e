"""The model: a body that reads and a head that answers. Three bodies make three families.

Called, a model gives logits. Losses live in tasks and sampling in `generation`, and neither needs all logits at once:
they pass a function `read` to the call, which computes their result from the head and what the head reads. Training and
decoding therefore go through the call too, and so through hooks, compiled graphs and sharding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from cutaway.model.multi_token_prediction import Ahead
from cutaway.model.block import Memory
from cutaway.model.heads import Head, Mask
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache
from cutaway.nn.geometry import locate

Tokens = Int[Tensor, "B T"]
Inputs = Shaped[Tensor, "B ..."]
"""Token ids (B, T), pictures (B, channels, height, width) or frames (B, T, bins), by the model's embedding."""
SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


def _nothing_ahead() -> tuple[Tensor, ...]:
    return ()


@dataclass(frozen=True)
class Hidden:
    """What a head reads.

    Attributes:
        states: of each token, (B, T, C): a language head predicts the next token from them.
        attention_mask: of the tokens, where there is one: a head that pools needs it.
        look_ahead: computes `ahead`.
    """

    states: Float[Tensor, "B T C"]
    attention_mask: Mask | None = None
    look_ahead: Callable[[], tuple[Tensor, ...]] = _nothing_ahead

    @cached_property
    def ahead(self) -> tuple[Tensor, ...]:
        """What the same head reads to predict the tokens after the next one, computed when first asked for.

        For each depth k of a multi-token model that the text is long enough for, (B, T - k, C): at place t, with the
        tokens up to t + k in view, for the token after that.
        """
        return self.look_ahead()


Result = TypeVar("Result")
Read = Callable[[nn.Module, Hidden], Result]
"""What is computed from the head and what it reads, in place of all logits."""


def answer(head: nn.Module, hidden: Hidden, read: Read[Result] | None) -> Tensor | Result:
    """All logits, or what `read` makes of the head and what it reads; a compiled graph ends before `read`."""
    if read is None:
        logits: Tensor = head(hidden.states, hidden.attention_mask)
        return logits
    call = _outside_graphs() if torch.compiler.is_compiling() else _call
    return call(read, head, hidden)


def _call(read: Read[Result], head: nn.Module, hidden: Hidden) -> Result:
    return read(head, hidden)


@cache
def _outside_graphs() -> Callable[..., Any]:
    """Made when it is first needed: it loads the compiler."""
    return torch.compiler.disable(_call)


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

    def forward(
        self,
        tokens: Tokens,
        *,
        attention_mask: Mask | None = None,
        documents: Int[Tensor, "B T"] | None = None,
        cache: Cache | None = None,
        read: Read[Result] | None = None,
    ) -> Float[Tensor, "B ..."] | Result:
        """Scores, after each token, every token that might follow; or what else its head scores.

        Args:
            tokens: ids.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            documents: a number for each token. A document is a run of equal numbers; tokens see their own only. Without
                it a row is one document.
            cache: what earlier calls remembered; these tokens follow them and are added to it. A head that pools sees
                these tokens only.
            read: what to compute from the head and what it reads, and to return in place of logits.

        Raises:
            ValueError: more tokens than the model has positions or the cache has slots.
        """
        states = self.decoder(tokens, attention_mask, documents=documents, cache=cache)
        hidden = Hidden(states, attention_mask, lambda: self._look_ahead(states, tokens, documents))
        return answer(self.head, hidden, read)

    def _look_ahead(
        self, states: Float[Tensor, "B T C"], tokens: Tokens, documents: Int[Tensor, "B T"] | None
    ) -> tuple[Tensor, ...]:
        """What the head reads to look further ahead than the next token; there must be no padding on the left."""
        depths = []
        for k, ahead in enumerate(self.ahead[: tokens.shape[1] - 1], 1):
            following = tokens[:, k:]
            # A row of this depth belongs to the document of its state; the token that follows may begin another.
            places = self.decoder.places(following, None, None if documents is None else documents[:, :-k], None)
            vectors = self.decoder.embedding.get_submodule("tokens")(following)
            states = ahead(states[:, :-1], vectors, self.decoder.geometry(places, None))
            depths.append(states)
        return tuple(depths)


class EncoderOnly(nn.Module):
    """An encoder: each token sees all others, before and behind it (Devlin et al. 2019)."""

    def __init__(self, encoder: Stack, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(
        self,
        inputs: Inputs,
        *,
        attention_mask: Mask | None = None,
        segments: Int[Tensor, "B T"] | None = None,
        distances: Int[Tensor, "B N N"] | None = None,
        read: Read[Result] | None = None,
    ) -> Float[Tensor, "B ..."] | Result:
        """Scores what the head scores: tokens, labels of each token, or labels of the sequence.

        Args:
            inputs: token ids, pictures or frames.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            segments: which part of the text each token belongs to, for a model that tells parts apart; else the first.
            distances: edges between each two of the tokens, which are nodes of a graph; −1 where no path joins them.
            read: what to compute from the head and what it reads, and to return in place of logits.

        Raises:
            ValueError: more tokens than the model has positions; pictures, frames, segments or distances that it does
                not read.
        """
        states = self.encoder(inputs, attention_mask, segments=segments, distances=distances)
        return answer(self.head, Hidden(states, attention_mask), read)


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

    def forward(
        self,
        tokens: Tokens,
        *,
        source: Inputs | None = None,
        attention_mask: Mask | None = None,
        source_mask: SourceMask | None = None,
        cache: Cache | None = None,
        read: Read[Result] | None = None,
    ) -> Float[Tensor, "B T V"] | Result:
        """Scores, after each token of the target, every token that might follow.

        Args:
            tokens: ids of the target, which begins with the token that begins texts.
            source: what is read, token ids, pictures or frames; with a cache only in the first call, which seals it.
            attention_mask: of the target: 1 for text, 0 for padding, on either side.
            source_mask: of the source, likewise.
            cache: what earlier calls remembered; these tokens follow them and are added to it.
            read: what to compute from the head and what it reads, and to return in place of logits.

        Raises:
            ValueError: there is no source, neither here nor in the cache, or one in both; or more tokens than there is
                room for.
        """
        memory = None
        if source is not None:
            encoded = self.encoder(source, source_mask)
            memory = Memory(encoded, locate(encoded, source_mask))
        states = self.decoder(tokens, attention_mask, cache=cache, memory=memory)
        return answer(self.head, Hidden(states, attention_mask), read)


Transformer = DecoderOnly | EncoderOnly | EncoderDecoder
