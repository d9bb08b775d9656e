"""The model: a body and a head. The three kinds of body are decoder, encoder, and encoder-decoder.

Calling a model gives logits. Losses are in `tasks` and sampling in `generation`; neither needs all logits at once: they
pass a function `read` to the call, which computes their result from the head and its input. Training and decoding
therefore go through the call too, and so through hooks, compiled graphs and sharding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
"""Token ids (B, T), images (B, channels, height, width) or frames (B, T, bins), depending on the embedding."""
SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


def _no_states() -> tuple[Tensor, ...]:
    return ()


@dataclass(frozen=True)
class Hidden:
    """The input of a head.

    Attributes:
        states: of each token, (B, T, C); a language head predicts the next token from them.
        attention_mask: of the tokens, if there is one; used by heads that pool.
        multi_token_states: computes `multi_token`.
    """

    states: Float[Tensor, "B T C"]
    attention_mask: Mask | None = None
    multi_token_states: Callable[[], tuple[Tensor, ...]] = _no_states

    @cached_property
    def multi_token(self) -> tuple[Tensor, ...]:
        """The states from which the head predicts tokens after the next one, computed on first access.

        For each depth k of multi-token prediction that the text is long enough for, (B, T - k, C): at position t,
        computed from the tokens up to t + k, for the token after that.
        """
        return self.multi_token_states()


Result = TypeVar("Result")
Read = Callable[[nn.Module, Hidden], Result]
"""What to compute from the head and its input, instead of all logits."""


def answer(head: nn.Module, hidden: Hidden, read: Read[Result] | None) -> Tensor | Result:
    """All logits, or the result of `read`; a compiled graph ends before `read`."""
    if read is None:
        logits: Tensor = head(hidden.states, hidden.attention_mask)
        return logits
    call = _outside_graphs() if torch.compiler.is_compiling() else _call
    return call(read, head, hidden)


def _call(read: Read[Result], head: nn.Module, hidden: Hidden) -> Result:
    return read(head, hidden)


def _outside_graphs() -> Callable[..., Any]:
    """Made on use, because it loads the compiler, which warns of a cache."""
    return torch.compiler.disable(_call)


class DecoderOnly(nn.Module):
    """A decoder: each token attends to itself and to earlier tokens (Radford et al. 2018).

    In training it may also predict tokens after the next one: `multi_token_prediction` has one module per depth.
    """

    def __init__(self, decoder: Stack, head: Head, multi_token_prediction: Sequence[MultiTokenPrediction] = ()) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head
        self.multi_token_prediction = nn.ModuleList(multi_token_prediction)

    def make_cache(self, batch: int, slots: int | None) -> Cache:
        """Allocates a cache of `slots` tokens for `batch` sequences, or one that grows (`Cache`)."""
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
        """Computes the logits of the next token after each token, or what else its head computes.

        Args:
            tokens: ids.
            attention_mask: 1 for text, 0 for padding, on either side. The output at padding is arbitrary.
            documents: a number per token. A document is a run of equal numbers, whose tokens attend to each other only.
                Without it, a row is one document.
            cache: of earlier calls; these tokens follow its tokens and are added to it. A head that pools reads these
                tokens only.
            read: computes a result from the head and its input, which is returned instead of logits.

        Raises:
            ValueError: more tokens than the model has positions or the cache has slots.
        """
        states = self.decoder(tokens, attention_mask, documents=documents, cache=cache)
        hidden = Hidden(states, attention_mask, lambda: self._multi_token_states(states, tokens, documents))
        return answer(self.head, hidden, read)

    def _multi_token_states(
        self, states: Float[Tensor, "B T C"], tokens: Tokens, documents: Int[Tensor, "B T"] | None
    ) -> tuple[Tensor, ...]:
        """The states for multi-token prediction; there must be no padding on the left."""
        depths = []
        for k, module in enumerate(self.multi_token_prediction[: tokens.shape[1] - 1], 1):
            following = tokens[:, k:]
            # A row of this depth belongs to the document of its state; the token that follows may start another.
            own = None if documents is None else documents[:, :-k]
            queries = self.decoder.token_positions(following, None, own, None)
            vectors = self.decoder.embedding.get_submodule("tokens")(following)
            states = module(states[:, :-1], vectors, self.decoder.geometries(queries)[-1])
            depths.append(states)
        return tuple(depths)


class EncoderOnly(nn.Module):
    """An encoder: each token attends to all others (Devlin et al. 2019)."""

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
        """Computes the logits of its head: of tokens, of labels per token, or of labels per sequence.

        Args:
            inputs: token ids, images or frames.
            attention_mask: 1 for text, 0 for padding, on either side. The output at padding is arbitrary.
            segments: the segment of each token, if the model has segments; otherwise all belong to the first.
            distances: the length of the shortest path between every two nodes of a graph; −1 if unconnected.
            read: computes a result from the head and its input, which is returned instead of logits.

        Raises:
            ValueError: more tokens than the model has positions; images, frames, segments or distances that it does
                not read.
        """
        states = self.encoder(inputs, attention_mask, segments=segments, distances=distances)
        return answer(self.head, Hidden(states, attention_mask), read)


class EncoderDecoder(nn.Module):
    """An encoder of a source, and a decoder with cross-attention to it (Vaswani et al. 2017)."""

    def __init__(self, encoder: Stack, decoder: Stack, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.head = head

    def make_cache(self, batch: int, slots: int | None, source_slots: int | None) -> Cache:
        """Allocates a cache of `slots` tokens for `batch` sequences, and of their sources, or one that grows."""
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
        """Computes the logits of the next token after each token of the target.

        Args:
            tokens: ids of the target, which starts with the start token.
            source: token ids, images or frames; with a cache in the first call only, which seals it.
            attention_mask: of the target: 1 for text, 0 for padding, on either side.
            source_mask: of the source, likewise.
            cache: of earlier calls; these tokens follow its tokens and are added to it.
            read: computes a result from the head and its input, which is returned instead of logits.

        Raises:
            ValueError: the source is missing both here and in the cache, or given in both; or there are more tokens
                than positions or slots.
        """
        memory = None
        if source is not None:
            encoded = self.encoder(source, source_mask)
            memory = Memory(encoded, token_positions(encoded, source_mask))
        states = self.decoder(tokens, attention_mask, cache=cache, memory=memory)
        return answer(self.head, Hidden(states, attention_mask), read)


Transformer = DecoderOnly | EncoderOnly | EncoderDecoder
