"""Which tokens attend to which: what attention needs besides queries, keys and values.

A *slot* is where a token is stored; a *position* is its index in its own text. They differ under left padding and in
packed documents. Causality compares positions within one document, so that one rule covers plain, padded, packed and
cached sequences.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from cutaway.nn.positions import BiasesScores, Rotates, Rotation

Value = TypeVar("Value")

BLOCK = 512
"""The most queries whose mask or bias is built at once, so that neither is ever T × T for a long text."""


@dataclass(frozen=True)
class TokenPositions:
    """The position of each token, whether it is text or padding, and its document."""

    positions: Int[Tensor, "#B T"]
    keep: Bool[Tensor, "B T"] | None = None
    documents: Int[Tensor, "B T"] | None = None

    def __getitem__(self, slots: slice) -> "TokenPositions":
        keep, documents = (None if x is None else x[:, slots] for x in (self.keep, self.documents))
        return TokenPositions(self.positions[:, slots], keep, documents)


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


class Once(Generic[Value]):
    """A `functools.cached_property` without its lock, which Python had before 3.12 and a compiled graph cannot hold."""

    def __init__(self, func: Callable[[Any], Value]) -> None:
        self.func = func
        self.name = func.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> "Once[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "Once[Value] | Value":
        if instance is None:
            return self
        values = instance.__dict__
        if self.name not in values:
            values[self.name] = self.func(instance)
        value: Value = values[self.name]
        return value


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
        allowed: where a query may attend to a key, if all else allows it too.
    """

    queries: TokenPositions
    keys: TokenPositions
    causal: bool = True
    window: int | None = None
    rotation: Rotation | None = None
    biases: BiasesScores | None = None
    allowed: Bool[Tensor, "#B #H #Tq #Tk"] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of queries and keys."""
        return self.queries.positions.shape[1], self.keys.positions.shape[1]

    @Once
    def _rotations(self) -> dict[torch.dtype, Rotation]:
        return {}

    def rotation_in(self, dtype: torch.dtype) -> Rotation | None:
        """The rotation in the dtype of the queries: cast once for all layers."""
        if self.rotation is not None and dtype not in self._rotations:
            cos, sin = self.rotation
            self._rotations[dtype] = cos.to(dtype), sin.to(dtype)
        return self._rotations.get(dtype)

    @Once
    def is_full(self) -> bool:
        """True if it is certain without reading the data that every query may attend to every key."""
        return self._is_even and (not self.causal or self.size[0] == 1)

    @Once
    def is_triangle(self) -> bool:
        """True if it is certain without reading the data that query i may attend to exactly the keys up to i."""
        return self._is_even and self.causal and self.size[0] == self.size[1]

    @Once
    def _is_even(self) -> bool:
        restrictions = (self.keys.keep, self.keys.documents, self.biases, self.allowed)
        plain = all(restriction is None for restriction in restrictions)
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
        allowed = self.allowed
        if allowed is not None and allowed.shape[2] > 1:  # otherwise the same for all queries
            allowed = allowed[:, :, block]
        return replace(self, queries=self.queries[block], allowed=allowed)

    def restricted(self, allowed: Bool[Tensor, "*#mask"]) -> "Geometry":
        """The same geometry, in which a query may attend to a key only where `allowed` is True.

        Args:
            allowed: of a shape that broadcasts to (B, H, Tq, Tk).

        Raises:
            ValueError: it is not boolean, or has more than four axes.
        """
        if allowed.dtype != torch.bool:
            raise ValueError(
                f"a mask is boolean, True where a query may attend, but this one is {allowed.dtype}: convert it, "
                "for example with mask == 0 if it is added to the scores"
            )
        if allowed.dim() > 4:
            raise ValueError(f"a mask broadcasts to (B, H, Tq, Tk), but this one has the shape {tuple(allowed.shape)}")
        allowed = allowed[(None,) * (4 - allowed.dim())]
        return replace(self, allowed=allowed if self.allowed is None else self.allowed & allowed)

    @Once
    def mask(self) -> Bool[Tensor, "#B #H Tq Tk"]:
        """True where a query may attend to a key."""
        q, k = self.queries.positions[:, :, None], self.keys.positions[:, None, :]  # (B, Tq, 1), (B, 1, Tk)
        may = q >= k if self.causal else torch.ones_like(q == k)
        if self.window is not None:
            may = may & (q < k + self.window) & (k < q + self.window)
        if self.keys.documents is not None and self.queries.documents is not None:
            may = may & (self.queries.documents[:, :, None] == self.keys.documents[:, None, :])
        if self.keys.keep is not None:
            may = may & self.keys.keep[:, None, :]
        return may[:, None] if self.allowed is None else may[:, None] & self.allowed

    @Once
    def bias(self) -> Float[Tensor, "#B H Tq Tk"] | None:
        """What is added to the scores, if anything."""
        return None if self.biases is None else self.biases(self.queries.positions, self.keys.positions)


def all_to_all(queries: int, keys: int, device: torch.device) -> Geometry:
    """Every query may attend to every key."""
    own, others = (TokenPositions(torch.arange(count, device=device)[None]) for count in (queries, keys))
    return Geometry(own, others, causal=False)


def geometry_of(
    tokens: Shaped[Tensor, "B T *rest"],
    attention_mask: Int[Tensor, "B T"] | Bool[Tensor, "B T"] | None = None,
    *,
    causal: bool = True,
    window: int | None = None,
    rotary: Rotates | None = None,
    biases: BiasesScores | None = None,
) -> Geometry:
    """The geometry of self-attention between these tokens, for an attention layer or a block on its own.

    Args:
        tokens: only their first two axes and their device matter.
        attention_mask: 1 for text, 0 for padding, on either side.
        causal: whether a token attends only to itself and to earlier tokens.
        window: the most tokens that a token attends to, itself included (and as many later ones if not causal).
        rotary: computes the rotation of queries and keys.
        biases: the scheme that biases scores.
    """
    own = token_positions(tokens, attention_mask)
    return Geometry(own, own, causal, window, None if rotary is None else rotary(own.positions), biases)
