"""What attention remembers while decoding: room for it is made once, and each token writes its slot."""

from collections.abc import Mapping, Sequence
from typing import Optional

import torch
from jaxtyping import Float, Int
from torch import Tensor

from cutaway.nn.geometry import Places

Shapes = Mapping[str, tuple[int, int]]
"""What an attention remembers of a token: a name for each tensor, and its (heads, width)."""


class Cache:
    """The memory of one attention of every layer, for a batch of sequences that grow together.

    Attributes:
        length: how many slots are filled, in every row alike. The stack moves it on, once a forward pass.
        stores: one memory a layer.
        source: what cross-attention remembers of another sequence, the encoder's, which is written once and then full.
    """

    def __init__(
        self, layers: Sequence[Shapes], batch: int, slots: int, like: Tensor, source: Optional["Cache"] = None
    ) -> None:
        self.length = 0
        self.slots = slots
        self.stores = [Store(self, shapes, batch, like) for shapes in layers]
        self.source = source
        self._positions = torch.zeros(batch, slots, dtype=torch.long, device=like.device)
        self._keep = torch.ones(batch, slots, dtype=torch.bool, device=like.device)
        self._has_padding = False

    @property
    def nbytes(self) -> int:
        """Bytes that the stores take: all that grows with width and layers."""
        own = sum(tensor.nbytes for store in self.stores for tensor in store.tensors.values())
        return own + (0 if self.source is None else self.source.nbytes)

    @property
    def next_position(self) -> int | Int[Tensor, "B 1"]:
        """The position that the next token of each row will have: padding does not count."""
        return self._keep[:, : self.length].sum(dim=1, keepdim=True) if self._has_padding else self.length

    def extend(self, places: Places) -> Places:
        """Writes down where the new tokens stand and returns the places of all keys, old and new.

        Raises:
            ValueError: there are not enough free slots.
        """
        end = self.length + places.positions.shape[1]
        if end > self.slots:
            raise ValueError(f"the cache has {self.slots} slots, and {end} are needed")
        self._positions[:, self.length : end] = places.positions
        if places.keep is not None:
            self._keep[:, self.length : end] = places.keep
            self._has_padding = True
        return Places(self._positions[:, :end], self._keep[:, :end] if self._has_padding else None)

    def advance(self, tokens: int, source_tokens: int = 0) -> None:
        """Counts the tokens that every layer has now written."""
        self.length += tokens
        if self.source is not None:
            self.source.advance(source_tokens)

    def truncate(self, length: int) -> None:
        """Forgets all but the first `length` slots; the source stays whole."""
        self._keep[:, length : self.length] = True
        self.length = length

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Makes row i what row `rows[i]` was: beams survive, multiply or end."""
        self._positions, self._keep = self._positions[rows], self._keep[rows]
        for store in self.stores:
            store.reorder(rows)
        if self.source is not None:
            self.source.reorder(rows)


class Store:
    """The memory of one attention: named tensors of shape (B, G, slots, D)."""

    def __init__(self, cache: Cache, shapes: Shapes, batch: int, like: Tensor) -> None:
        self._cache = cache
        self.tensors = {
            name: like.new_zeros(batch, heads, cache.slots, width) for name, (heads, width) in shapes.items()
        }

    def remember(self, name: str, new: Float[Tensor, "B G T D"]) -> Float[Tensor, "B G Tk D"]:
        """Writes new tokens behind the old ones and returns both."""
        start, end = self._cache.length, self._cache.length + new.shape[2]
        self.tensors[name][:, :, start:end] = new
        return self.tensors[name][:, :, :end].to(new.dtype)

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Makes row i what row `rows[i]` was; only what is filled is copied."""
        length = self._cache.length
        for name, old in self.tensors.items():
            self.tensors[name] = new = old.new_zeros(len(rows), *old.shape[1:])
            new[:, :, :length] = old[rows, :, :length]
