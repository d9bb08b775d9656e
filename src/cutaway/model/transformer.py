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

from cutaway.model.block import Memory
from cutaway.model.heads import Head, Mask
from cutaway.model.multi_token_prediction import MultiTokenPrediction
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache
from cutaway.nn.geometry import token_positions

Tokens = Int[Tensor, "B T"]
Inputs = Shaped[Tensor, "B ..."]
"""Token ids (B, T), images (B, channels, height, width) or frames (B, T, bins), by the model's embedding."""
SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


def _no_states() -> tuple[Tensor, ...]:
    return ()


@dataclass(frozen=True)
class Hidden:
    """What a head reads.

    Attributes:
        states: of each token, (B, T, C): a language head predicts the next token from them.
        attention_mask: of the tokens, where there is one: a head that pools needs it.
        multi_token_states: computes `multi_token`.
    """

    states: Float[Tensor, "B T C"]
    attention_mask: Mask | None = None
    multi_token_states: Callable[[], tuple[Tensor, ...]] = _no_states

    @cached_property
    def multi_token(self) -> tuple[Tensor, ...]:
        """What the same head reads to predict the tokens after the next one, computed when first asked for.

        For each depth k of a multi-token model that the text is long enough for, (B, T - k, C): at place t, with the
        tokens up to t + k in view, for the token after that.
        """
        return self.multi_token_states()


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

    In training it may also predict tokens after the next one: `multi_token_prediction` has one module per depth.
    """

    def __init__(self, decoder: Stack, head: Head, multi_token_prediction: Sequence[MultiTokenPrediction] = ()) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head
        self.multi_token_prediction = nn.ModuleList(multi_token_prediction)

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
        hidden = Hidden(states, attention_mask, lambda: self._multi_token_states(states, tokens, documents))
        return answer(self.head, hidden, read)

    def _multi_token_states(
        self, states: Float[Tensor, "B T C"], tokens: Tokens, documents: Int[Tensor, "B T"] | None
    ) -> tuple[Tensor, ...]:
        """What the head reads to look further ahead than the next token; there must be no padding on the left."""
        depths = []
        for k, module in enumerate(self.multi_token_prediction[: tokens.shape[1] - 1], 1):
            following = tokens[:, k:]
            # A row of this depth belongs to the document of its state; the token that follows may begin another.
            own = None if documents is None else documents[:, :-k]
            queries = self.decoder.token_positions(following, None, own, None)
            vectors = self.decoder.embedding.get_submodule("tokens")(following)
            states = module(states[:, :-1], vectors, self.decoder.geometry(queries, None))
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
            inputs: token ids, images or frames.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            segments: which part of the text each token belongs to, for a model that tells parts apart; else the first.
            distances: edges between each two of the tokens, which are nodes of a graph; −1 where no path joins them.
            read: what to compute from the head and what it reads, and to return in place of logits.

        Raises:
            ValueError: more tokens than the model has positions; images, frames, segments or distances that it does
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
            source: what is read, token ids, images or frames; with a cache only in the first call, which seals it.
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
            memory = Memory(encoded, token_positions(encoded, source_mask))
        states = self.decoder(tokens, attention_mask, cache=cache, memory=memory)
        return answer(self.head, Hidden(states, attention_mask), read)


Transformer = DecoderOnly | EncoderOnly | EncoderDecoder
