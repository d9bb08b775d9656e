"""Which tokens attend to which: what attention needs besides queries, keys and values.

A *slot* is where a token is stored; a *position* is its index in its own text. They differ under left padding and in
packed documents. Causality compares positions within one document, so that one rule covers plain, padded, packed and
cached sequences.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from cutaway.nn.positions import BiasesScores, Rotation

BLOCK = 512
"""The most queries whose mask or bias is built at once, so that neither is ever T × T for a long text."""


@dataclass(frozen=True)
class TokenPositions:
    """The position of each token, whether it is text or padding, and its document."""

    positions: Int[Tensor, "#B T"]
    keep: Bool[Tensor, "B T"] | None = None
    documents: Int[Tensor, "B T"] | None = None

    def __getitem__(self, slots: slice) -> "TokenPositions":
        columns = (None if x is None else x[:, slots] for x in (self.positions, self.keep, self.documents))
        return TokenPositions(*columns)  # type: ignore[arg-type]  # the first is never None


def token_positions(
    tokens: Shaped[Tensor, "B T *rest"],
    attention_mask: Int[Tensor, "B T"] | Bool[Tensor, "B T"] | None = None,
    documents: Int[Tensor, "B T"] | None = None,
    start: int | Int[Tensor, "B 1"] = 0,
) -> TokenPositions:
    """Computes the position of each token.

    Args:
        tokens: only their first two axes and their device matter.
        attention_mask: 1 for text, 0 for padding, on either side.
        documents: a number per token; a new document starts, and positions restart, where it changes.
        start: the position of the first token: the number of tokens in the cache, without padding.
    """
    slots = torch.arange(tokens.shape[1], device=tokens.device)[None]  # (1, T)
    keep = None if attention_mask is None else attention_mask.bool()
    before = slots if keep is None else keep.cumsum(dim=1) - keep.long()  # tokens before each in its row
    if documents is not None:
        begins = torch.zeros_like(documents, dtype=torch.bool)
        begins[:, 1:] = documents[:, 1:] != documents[:, :-1]
        before = before - (before * begins).cummax(dim=1).values  # before each in its document
        documents = begins.cumsum(dim=1)  # so that a repeated number is another document
    return TokenPositions(before + start, keep, documents)


@dataclass(frozen=True)
class Geometry:
    """What attention needs of one forward pass.

    Attributes:
        queries: positions of the tokens that attend.
        keys: positions of the tokens attended to: those in the cache, then the queries' own.
        causal: whether a token attends only to itself and to earlier tokens.
        window: the most tokens that a token attends to, itself included (and as many later ones if not causal).
        rotation: of queries and new keys, computed once for all layers.
        biases: the scheme that biases scores, if there is one.
    """

    queries: TokenPositions
    keys: TokenPositions
    causal: bool = True
    window: int | None = None
    rotation: Rotation | None = None
    biases: BiasesScores | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of queries and keys."""
        return self.queries.positions.shape[1], self.keys.positions.shape[1]

    @property
    def is_full(self) -> bool:
        """True if it is certain without reading the data that every query may attend to every key."""
        return self._is_even and (not self.causal or self.size[0] == 1)

    @property
    def is_triangle(self) -> bool:
        """True if it is certain without reading the data that query i may attend to exactly the keys up to i."""
        return self._is_even and self.causal and self.size[0] == self.size[1]

    @property
    def _is_even(self) -> bool:
        plain = self.keys.keep is None and self.keys.documents is None and self.biases is None
        return plain and (self.window is None or self.window >= self.size[1])

    def blocks(self) -> Iterator[slice]:
        """Blocks of queries small enough to build a mask for; a single block in exported graphs of any length."""
        if torch.compiler.is_exporting():
            return iter((slice(0, self.size[0]),))
        return (slice(i, i + BLOCK) for i in range(0, self.size[0], BLOCK))

    def rows(self, block: slice) -> "Geometry":
        """The same geometry for a block of queries."""
        if block.start == 0 and block.stop >= self.size[0]:
            return self
        return replace(self, queries=self.queries[block])

    @cached_property
    def mask(self) -> Bool[Tensor, "#B 1 Tq Tk"]:
        """True where a query may attend to a key."""
        q, k = self.queries.positions[:, :, None], self.keys.positions[:, None, :]  # (B, Tq, 1), (B, 1, Tk)
        may = q >= k if self.causal else torch.ones_like(q == k)
        if self.window is not None:
            may = may & (q < k + self.window) & (k < q + self.window)
        if self.keys.documents is not None and self.queries.documents is not None:
            may = may & (self.queries.documents[:, :, None] == self.keys.documents[:, None, :])
        if self.keys.keep is not None:
            may = may & self.keys.keep[:, None, :]
        return may[:, None]

    @cached_property
    def bias(self) -> Float[Tensor, "#B H Tq Tk"] | None:
        """What is added to the scores, if anything."""
        return None if self.biases is None else self.biases(self.queries.positions, self.keys.positions)
