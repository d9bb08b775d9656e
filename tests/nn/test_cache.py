"""Rows of a cache with lengths of their own: a view writes what rows that are alone would hold, and nothing else."""

import pytest
import torch
from torch import Tensor

from cutaway.nn.cache import Cache
from cutaway.nn.geometry import TokenPositions

SHAPES = {"key": (2, 5), "value": (2, 3)}
ROWS, SLOTS, LAYERS = 4, 11, 2
LENGTHS = [3, 7, 5]


def made(rows: int = ROWS, slots: int | None = SLOTS) -> Cache:
    cache = Cache([SHAPES] * LAYERS, rows, slots, torch.zeros(0))
    for layer in cache.layers:
        for tensor in layer.tensors.values():
            tensor.copy_(torch.randn(tensor.shape))
    return cache


def new(rows: int, tokens: int) -> dict[str, Tensor]:
    return {name: torch.randn(rows, heads, tokens, width) for name, (heads, width) in SHAPES.items()}


def positions(cache: Cache, tokens: int) -> TokenPositions:
    start = cache.next_position
    return TokenPositions(torch.arange(tokens)[None] + start)


@pytest.mark.parametrize("lengths", [LENGTHS, [5, 5, 5]], ids=["of their own", "equal"])
def test_each_row_is_written_after_its_own_tokens(lengths: list[int]) -> None:
    cache = made()
    before = [{name: tensor.clone() for name, tensor in layer.tensors.items()} for layer in cache.layers]
    view = cache.rows(1, lengths)
    for tokens in (2, 1):
        keys = view.extend(positions(view, tokens))
        given, ends = new(3, tokens), [length + tokens for length in lengths]
        for layer, old in zip(view.layers, before, strict=True):
            for name, tensor in given.items():
                found = layer.update(name, tensor)
                for row, (start, end) in enumerate(zip(lengths, ends, strict=True)):
                    old[name][1 + row, :, start:end] = tensor[row]
                assert torch.equal(found, old[name][1:, :, : max(ends)])
        kept = torch.ones(3, max(ends), dtype=torch.bool) if keys.keep is None else keys.keep
        assert kept.sum(dim=1).tolist() == ends
        assert torch.equal(keys.positions.expand(3, -1)[0], torch.arange(max(ends)))
        view.advance(tokens)
        lengths = ends
        assert view.length == max(ends)
    for layer, old in zip(cache.layers, before, strict=True):
        assert all(torch.equal(layer.tensors[name], old[name]) for name in SHAPES), "the rows are those of the cache"


def test_a_view_is_copied_reordered_and_truncated_row_by_row() -> None:
    cache = made()
    view = cache.rows(0, LENGTHS)
    twin = view.copy()
    twin.reorder(torch.tensor([2, 0]))
    assert twin.lengths is not None
    assert twin.lengths.tolist() == [5, 3]
    twin.truncate(4)
    assert (twin.lengths.tolist(), twin.length) == ([4, 3], 4)
    assert torch.equal(twin.layers[1].tensors["key"][0, :, :4], cache.layers[1].tensors["key"][2, :, :4])
    held = twin.tensors()
    assert held["keep"].tolist() == [[True] * 4, [True] * 3 + [False]]
    assert held["positions"].tolist() == [[0, 1, 2, 3]] * 2
    grown = Cache.from_tensors(held)
    assert isinstance(grown.next_position, Tensor)
    assert grown.next_position.tolist() == [[4], [3]]
    twin.extend(positions(twin, 1))
    twin.layers[0].update("key", torch.ones(2, 2, 1, 5))
    assert torch.equal(twin.layers[0].tensors["key"][:, :, 4][0], torch.ones(2, 5))
    assert not (cache.layers[0].tensors["key"] == 1).any(), "a copy is independent"


def test_rows_are_copied_and_cleared() -> None:
    cache = made()
    before = cache.copy()
    cache.copy_row(1, 3, 4)
    cache.clear_row(2, slice(6, 9))
    for layer, old in zip(cache.layers, before.layers, strict=True):
        for name, tensor in layer.tensors.items():
            expected = old.tensors[name]
            expected[3, :, :4] = expected[1, :, :4]
            expected[2, :, 6:9] = 0
            assert torch.equal(tensor, expected)


def test_what_a_view_cannot_hold_is_refused() -> None:
    long = made().rows(0, [2, 10])
    following = positions(long, 2)
    with pytest.raises(ValueError, match="the cache has 11 slots, and 12 are needed"):
        long.extend(following)
    view = made().rows(0, LENGTHS)
    padded = TokenPositions(torch.zeros(3, 2, dtype=torch.long), torch.ones(3, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="rows of different lengths hold no padding"):
        view.extend(padded)
    with pytest.raises(ValueError, match="only an allocated cache without a source"):
        made(slots=None).rows(0, [0])
    with pytest.raises(RuntimeError, match="rows of equal length are written as one slice"):
        made().places(2, 1)
