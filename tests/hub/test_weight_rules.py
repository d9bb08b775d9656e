"""Every change can be undone, bit for bit, in both orders."""

import pytest
import torch
from torch import Tensor

from cutaway.hub.weight_rules import (
    Chain,
    Change,
    Each,
    GreyAsColour,
    NoBias,
    NoRow,
    PermuteRows,
    Reshape,
    Same,
    SkipRows,
    Split,
    Stack,
    Transpose,
    Without,
    interleaved,
)

CHANGES: dict[str, tuple[Change, list[tuple[int, ...]]]] = {
    "same": (Same(), [(3, 5), (2,)]),
    "transpose": (Transpose(), [(3, 5), (7, 2)]),
    "split": (Split((2, 3, 4)), [(9, 5)]),
    "stack": (Stack(), [(3, 5), (3, 5)]),
    "reshape": (Reshape(((4, 3, 2),), ((4, 6),)), [(4, 3, 2)]),
    "permute rows": (PermuteRows(interleaved(6)), [(12, 5)]),
    "chain": (Chain((Transpose(), Split((1, 4)))), [(3, 5)]),
    "each": (Each((Transpose(), Same())), [(3, 5), (2,)]),
}


def tensors(shapes: list[tuple[int, ...]]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@pytest.mark.parametrize("name", CHANGES)
def test_writing_undoes_reading(name: str) -> None:
    change, shapes = CHANGES[name]
    theirs = tensors(shapes)
    back = change.write(change.read(theirs))
    assert len(back) == len(theirs)
    assert all(torch.equal(one, other) for one, other in zip(back, theirs, strict=True))


@pytest.mark.parametrize("name", CHANGES)
def test_reading_undoes_writing(name: str) -> None:
    change, shapes = CHANGES[name]
    ours = list(change.read(tensors(shapes)))
    back = change.read(change.write(ours))
    assert all(torch.equal(one, other) for one, other in zip(back, ours, strict=True))


def test_interleaved_pairs_become_halves() -> None:
    rows = torch.arange(12)[:, None]
    (read,) = PermuteRows(interleaved(6)).read([rows])
    assert read[:, 0].tolist() == [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]


def test_skipped_rows_come_back_as_zeros() -> None:
    (table,) = tensors([(7, 3)])
    (read,) = SkipRows(2).read([table])
    assert torch.equal(read, table[2:])
    (written,) = SkipRows(2).write([read])
    assert torch.equal(written[2:], table[2:])
    assert not written[:2].any()


def test_a_bias_that_has_no_place_must_be_zero() -> None:
    (matrix,) = tensors([(4, 3)])
    _, bias = NoBias().read([matrix])
    assert bias.shape == (4,)
    assert not bias.any()
    with pytest.raises(ValueError, match="has a bias"):
        NoBias().write([matrix, torch.ones(4)])


def test_a_row_that_has_no_place_must_be_zero() -> None:
    (matrix,) = tensors([(4, 3)])
    written = NoRow().write([matrix])
    assert [tuple(one.shape) for one in written] == [(4, 3), (1, 3)]
    assert not written[1].any()
    (read,) = NoRow().read(written)
    assert torch.equal(read, matrix)
    with pytest.raises(ValueError, match="has a vector that is not zero"):
        NoRow().read([matrix, torch.ones(1, 3)])


def test_a_tensor_that_has_no_place_must_be_zero() -> None:
    (written,) = Without((4, 3)).write([])
    assert written.shape == (4, 3)
    assert list(Without((4, 3)).read([written])) == []
    with pytest.raises(ValueError, match="is not zero"):
        Without((4, 3)).read([written + 1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_grey_picture_in_colour_is_read_alike(dtype: torch.dtype) -> None:
    weights = torch.randn(7, 1, 2, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    weights[0, 0, 0] = torch.tensor([1.0, 1e-4, 3.0]) * torch.finfo(dtype).smallest_normal
    (written,) = GreyAsColour().write([weights])
    (read,) = GreyAsColour().read([written])
    assert torch.equal(read, weights)
    (again,) = GreyAsColour().read([weights])
    assert torch.equal(again, weights)
    grey = torch.randn(5, 1, 8, 9, generator=torch.Generator().manual_seed(1)).double()
    expected = torch.nn.functional.conv2d(grey, weights.double())
    found = torch.nn.functional.conv2d(grey.repeat(1, 3, 1, 1), written.double())
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="has other shares of colours"):
        GreyAsColour().read([written.flip(1) * torch.tensor([1, 1, 2]).view(1, 3, 1, 1)])
    with pytest.raises(ValueError, match="has other shares of colours"):
        GreyAsColour().read([written[:, :2]])


def test_a_tensor_of_another_size_is_not_split() -> None:
    with pytest.raises(ValueError, match="has 8 rows, but 9 are expected"):
        Split((2, 3, 4)).read(tensors([(8, 5)]))
