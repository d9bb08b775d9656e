"""The key-value cache.

Its memory is allocated once, and each token writes one slot. In a graph, whose tensors cannot be written in place, it
grows instead. The sequences of a batch share one length, padding included. Where they come and go, as in a decoding
engine, a view of some rows has a length per row instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Optional

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.utils._pytree import MappingKey, register_pytree_node

from cutaway.nn.geometry import TokenPositions

Shapes = Mapping[str, tuple[int, int]]
"""What an attention module caches per token: the name of each tensor, and its (heads, width)."""


class Cache:
    """The caches of self- or cross-attention in all layers, for a batch of sequences.

    A growing cache can be an input and an output of `torch.export`: what it holds becomes inputs of the graph, one
    tensor per name of `tensors`, and the cache that leaves the graph holds the new tokens too.

    Args:
        layers: what each layer caches.
        batch: the number of sequences.
        slots: the most tokens that it holds; None if it grows, which copies it in every forward pass.
        like: a tensor with its dtype and device.
        source: the cache of cross-attention.
        keeps_ids: whether it holds the ids of tokens too, for embeddings that read earlier ones.

    Attributes:
        length: the number of filled slots of the longest row; the stack advances it once per forward pass.
        lengths: the number of each row; None if they are equal.
        layers: the cache of each layer.
        source: the cache of cross-attention over the encoder's output, which is written once and then sealed.
    """

    def __init__(
        self,
        layers: Sequence[Shapes],
        batch: int,
        slots: int | None,
        like: Tensor,
        source: Optional["Cache"] = None,
        *,
        keeps_ids: bool = False,
    ) -> None:
        self.length = 0
        self.lengths: Int[Tensor, " B"] | None = None
        self.slots = slots
        self.layers = [LayerCache(self, shapes, batch, like) for shapes in layers]
        self.source = source
        self._positions = torch.arange(slots or 0, device=like.device).repeat(batch, 1)
        self._keep = torch.ones(batch, slots or 0, dtype=torch.bool, device=like.device)
        self._has_padding = False
        self._ids = torch.zeros_like(self._positions) if keeps_ids else None
        self._places: dict[int, Int[Tensor, " N"]] = {}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Cache":
        """The growing cache that holds these tensors, which are not copied: the inverse of `tensors`."""
        source = {name.removeprefix("source."): x for name, x in tensors.items() if name.startswith("source.")}
        own = {name: x for name, x in tensors.items() if not name.startswith("source.")}
        made = cls([], 0, None, own["positions"], cls.from_tensors(source) if source else None)
        made._positions, made._keep, made._has_padding = own.pop("positions"), own.pop("keep"), True
        made._ids = own.pop("ids", None)
        made.length = made._positions.shape[1]
        for name, tensor in own.items():
            _, i, part = name.split(".")
            if int(i) == len(made.layers):
                made.layers.append(LayerCache(made, {}, 0, tensor))
            made.layers[int(i)].tensors[part] = tensor
        return made

    @property
    def nbytes(self) -> int:
        """Bytes of all layers, including the source."""
        own = sum(tensor.nbytes for layer in self.layers for tensor in layer.tensors.values())
        return own + (0 if self.source is None else self.source.nbytes)

    def copy(self) -> "Cache":
        """An independent copy, source included: several texts can go on from one."""
        twin = copy(self)
        twin._positions, twin._keep, twin._places = self._positions.clone(), self._keep.clone(), {}
        twin._ids = None if self._ids is None else self._ids.clone()
        twin.lengths = None if self.lengths is None else self.lengths.clone()
        twin.layers = [layer.copy(twin) for layer in self.layers]
        twin.source = None if self.source is None else self.source.copy()
        return twin

    def tensors(self) -> dict[str, Tensor]:
        """Views of the filled slots, by name; of a growing cache, the tensors themselves.

        ``positions``, ``keep`` (False at padding) and, if it keeps them, ``ids``, all (B, T), and of each layer what it
        caches, (B, G, T, D), as ``layers.{i}.{name}``; those of the source have the prefix ``source.``.
        """
        slots = torch.arange(self._keep.shape[1], device=self._keep.device)
        keep = self._keep if self.lengths is None else slots < self.lengths[:, None]
        own = {"positions": self._positions, "keep": keep}
        if self._ids is not None:
            own["ids"] = self._ids
        for i, layer in enumerate(self.layers):
            own |= {f"layers.{i}.{name}": tensor for name, tensor in layer.tensors.items()}
        if self.slots is not None:
            axes = {2: 1, 4: 2}  # of the slots, by the number of axes
            own = {name: tensor.narrow(axes[tensor.dim()], 0, self.length) for name, tensor in own.items()}
        if self.source is not None:
            own |= {f"source.{name}": tensor for name, tensor in self.source.tensors().items()}
        return own

    @property
    def next_position(self) -> int | Int[Tensor, "B 1"]:
        """The position of the next token of each row, without padding."""
        if self.lengths is not None:
            return self.lengths[:, None]
        return self._keep[:, : self.length].sum(dim=1, keepdim=True) if self._has_padding else self.length

    def recall(self, tokens: Shaped[Tensor, "B T"], count: int) -> Int[Tensor, "B N"] | None:
        """Records the ids of new tokens, before `extend`, and returns the last ids of each row before them.

        Padding is left out, and ids of rows with fewer than `count` tokens are arbitrary. None if it keeps no ids.

        Raises:
            ValueError: there are not enough free slots.
        """
        if self._ids is None:
            return None
        start, end = self.length, self.end_after(tokens.shape[1])
        if self.lengths is not None:
            new, last = (torch.arange(*span, device=tokens.device) for span in ((tokens.shape[1],), (-count, 0)))
            self._ids.scatter_(1, self.lengths[:, None] + new, tokens)
            return self._ids.gather(1, (self.lengths[:, None] + last).clamp(min=0))
        old = self._ids[:, :start]
        if self.slots is None:
            self._ids = torch.cat([old, tokens], dim=1)
        else:
            self._ids[:, start:end] = tokens
        if not self._has_padding:
            return F.pad(old[:, max(0, start - count) :], (max(0, count - start), 0))
        wanted = self.next_position - torch.arange(count, 0, -1, device=old.device)  # (B, N)
        found = self._positions[:, None, :start] == wanted[:, :, None]  # (B, N, T)
        return ((found & self._keep[:, None, :start]) * old[:, None]).sum(dim=2)

    def extend(self, tokens: TokenPositions) -> TokenPositions:
        """Records the positions of new tokens, and returns those of all keys, old and new.

        Raises:
            ValueError: there are not enough free slots, or there is padding although each row has its own length.
        """
        if self.slots is None:
            self._grow(tokens)
            return TokenPositions(self._positions, self._keep)
        end = self.end_after(tokens.positions.shape[1])
        if self.lengths is not None:
            if tokens.keep is not None:
                raise ValueError("rows of different lengths hold no padding: give their tokens without a mask")
            filled = self.lengths[:, None] + tokens.positions.shape[1]
            return TokenPositions(self._positions[:1, :end], self._positions[:1, :end] < filled)
        self._positions[:, self.length : end] = tokens.positions
        if tokens.keep is not None:
            self._keep[:, self.length : end] = tokens.keep
            self._has_padding = True
        return TokenPositions(self._positions[:, :end], self._keep[:, :end] if self._has_padding else None)

    def _grow(self, tokens: TokenPositions) -> None:
        positions = tokens.positions.expand(self._positions.shape[0], -1)
        keep = torch.ones_like(positions, dtype=torch.bool) if tokens.keep is None else tokens.keep
        self._positions = torch.cat([self._positions, positions], dim=1)
        self._keep = torch.cat([self._keep, keep], dim=1)
        self._has_padding = True  # so that it is read, and a graph fits texts with and without padding

    def _shorten(self) -> None:
        self._positions, self._keep = self._positions[:, : self.length], self._keep[:, : self.length]
        self._ids = None if self._ids is None else self._ids[:, : self.length]
        for layer in self.layers:
            layer.tensors = {name: tensor[:, :, : self.length] for name, tensor in layer.tensors.items()}

    def end_after(self, tokens: int) -> int:
        """The number of filled slots after so many new tokens.

        Raises:
            ValueError: there are not enough free slots.
        """
        end = self.length + tokens
        if self.slots is not None and end > self.slots:
            raise ValueError(f"the cache has {self.slots} slots, and {end} are needed")
        return end

    def advance(self, tokens: int, source_tokens: int = 0) -> None:
        """Counts the tokens that every layer has written."""
        self.length += tokens
        if self.lengths is not None:
            self.lengths = self.lengths + tokens
            self._places.clear()
        for layer in self.layers:
            layer.written.clear()
        if self.source is not None:
            self.source.advance(source_tokens)

    def truncate(self, length: int) -> None:
        """Drops all but the first `length` slots of each row; the source is kept."""
        self.length = length
        self.lengths = None if self.lengths is None else self.lengths.clamp(max=length)
        if self.slots is None:
            self._shorten()
        self._keep[:, length:] = True
        for layer in self.layers:
            layer.written.clear()

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Replaces row i by row `rows[i]`: beams are kept, copied or dropped."""
        self._positions, self._keep = self._positions[rows], self._keep[rows]
        self._ids = None if self._ids is None else self._ids[rows]
        self.lengths = None if self.lengths is None else self.lengths[rows]
        for layer in self.layers:
            layer.reorder(rows)
        if self.source is not None:
            self.source.reorder(rows)

    def rows(self, first: int, lengths: Sequence[int]) -> "Cache":
        """A view of the rows from `first` on, of each of which so many slots are filled: it writes to this memory.

        It costs only these rows. They hold no padding, and this cache does not count what the view adds.

        Raises:
            ValueError: the cache grows, or has a source.
        """
        if self.slots is None or self.source is not None:
            raise ValueError("only an allocated cache without a source has views of its rows")
        some, is_even = slice(first, first + len(lengths)), min(lengths) == max(lengths)
        view = copy(self)
        view.length, view._has_padding, view._places = max(lengths), False, {}
        view.lengths = None if is_even else torch.tensor(lengths, device=self._keep.device)
        view._positions, view._keep = self._positions[some], self._keep[some]
        view._ids = None if self._ids is None else self._ids[some]
        view.layers = [layer.rows(view, some) for layer in self.layers]
        return view

    def copy_row(self, source: int, target: int, slots: int) -> None:
        """Copies the first slots of a row to another row."""
        if self._ids is not None:
            self._ids[target, :slots] = self._ids[source, :slots]
        for layer in self.layers:
            for tensor in layer.tensors.values():
                tensor[target, :, :slots] = tensor[source, :, :slots]

    def clear_row(self, row: int, slots: slice) -> None:
        """Sets slots of a row to zero."""
        if self._ids is not None:
            self._ids[row, slots] = 0
        for layer in self.layers:
            for tensor in layer.tensors.values():
                tensor[row, :, slots].zero_()

    def places(self, heads: int, tokens: int) -> Int[Tensor, " N"]:
        """Where new tokens of rows with different lengths are written: indices into all slots of all heads of all rows.

        They are computed once for all layers with as many heads.
        """
        if self.lengths is None or self.slots is None:
            raise RuntimeError("rows of equal length are written as one slice")
        if heads not in self._places:
            before = torch.arange(len(self.lengths) * heads, device=self.lengths.device) * self.slots  # (B G)
            new = self.lengths[:, None] + torch.arange(tokens, device=self.lengths.device)  # (B, T)
            self._places[heads] = (before.view(-1, heads, 1) + new[:, None]).flatten()
        return self._places[heads]


class LayerCache:
    """The cache of one attention module: named tensors of shape (B, G, slots, D)."""

    def __init__(self, cache: Cache, shapes: Shapes, batch: int, like: Tensor) -> None:
        self._cache = cache
        self.written: set[str] = set()
        slots = cache.slots or 0
        self.tensors = {name: like.new_zeros(batch, heads, slots, width) for name, (heads, width) in shapes.items()}

    def copy(self, cache: Cache) -> "LayerCache":
        """An independent copy, as part of another cache."""
        twin = copy(self)
        twin._cache = cache
        twin.written = set(self.written)
        twin.tensors = {name: tensor.clone() for name, tensor in self.tensors.items()}
        return twin

    def rows(self, cache: Cache, rows: slice) -> "LayerCache":
        """A view of some rows, as part of another cache."""
        twin = LayerCache(cache, {}, 0, next(iter(self.tensors.values()), torch.empty(0)))
        twin.tensors = {name: tensor[rows] for name, tensor in self.tensors.items()}
        return twin

    def update(self, name: str, new: Float[Tensor, "B G T D"]) -> Float[Tensor, "B G Tk D"]:
        """Writes new tokens after the cached ones and returns both.

        Raises:
            RuntimeError: it was written in this forward pass before.
            ValueError: there are more or fewer sequences than in the cache, or not enough free slots.
        """
        batch = self.tensors[name].shape[0]
        if new.shape[0] != batch:
            raise ValueError(f"the cache is for {batch} sequences, and these are {new.shape[0]}: make another cache")
        if name in self.written:
            raise RuntimeError("an attention module ran twice in one forward pass: its cache holds the keys of one run")
        start, end = self._cache.length, self._cache.end_after(new.shape[2])
        self.written.add(name)
        if self._cache.slots is None:
            old = self.tensors[name]
            self.tensors[name] = torch.cat([old, new.to(old.dtype)], dim=2)
            return self.tensors[name].to(new.dtype)
        slots = self.tensors[name]
        if self._cache.lengths is None:
            slots.narrow(2, start, end - start).copy_(new)  # half the time of an indexed assignment
        else:
            places = self._cache.places(slots.shape[1], new.shape[2])
            slots.view(-1, slots.shape[3]).index_copy_(0, places, new.to(slots.dtype).reshape(-1, new.shape[3]))
        return slots.narrow(2, 0, end).to(new.dtype)

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Replaces row i by row `rows[i]`; copies filled slots only."""
        length = self._cache.length
        for name, old in self.tensors.items():
            self.tensors[name] = new = old.new_zeros(len(rows), *old.shape[1:])
            new[:, :, :length] = old[rows, :, :length]


def _flatten(cache: Cache) -> tuple[list[Tensor], tuple[str, ...]]:
    named = cache.tensors()
    return list(named.values()), tuple(named)


def _flatten_with_keys(cache: Cache) -> tuple[list[tuple[Any, Tensor]], tuple[str, ...]]:
    named = cache.tensors()
    return [(MappingKey(name), tensor) for name, tensor in named.items()], tuple(named)


def _unflatten(tensors: Iterable[Tensor], names: tuple[str, ...]) -> Cache:
    return Cache.from_tensors(dict(zip(names, tensors, strict=True)))


register_pytree_node(
    Cache,
    _flatten,
    _unflatten,
    serialized_type_name="cutaway.nn.Cache",
    flatten_with_keys_fn=_flatten_with_keys,
    to_dumpable_context=list,
    from_dumpable_context=tuple,
)
