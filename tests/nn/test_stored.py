"""Packed layers compute what plain ones do; quantized ones stay within the bound of their rounding."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.nn import quantized
from cutaway.nn.quantized import (
    EightBits,
    ExactSums,
    IntegerSums,
    InterleavedNibbles,
    Nibbles,
    PackedSums,
    is_exact,
    round_rows,
    store_in_4_bits,
    store_in_8_bits,
)
from cutaway.nn.stored import Columns, Packed, Stored, StoredLinear, is_right
from support import require_works

CPU = torch.device("cpu")
SHAPES = [(192, 160), (64, 1376), (51, 37)]
"""Outputs and inputs: a shape that 4-bit kernels take, sums beyond 2²⁴ of 8-bit products, and an odd one."""
STORES: dict[str, Callable[[Tensor], Stored]] = {
    "columns": Columns,
    "packed": Packed,
    "q8": store_in_8_bits,
    "q4": store_in_4_bits,
}


@pytest.fixture(autouse=True)
def _forget() -> Any:
    """What was found to work is forgotten, so that a test can take operators away."""
    for known in (is_exact, is_right):
        known.cache_clear()
    yield
    for known in (is_exact, is_right):
        known.cache_clear()


def linear(shape: tuple[int, int], dtype: torch.dtype = torch.float32) -> nn.Linear:
    layer = nn.Linear(shape[1], shape[0]).to(dtype)
    with torch.no_grad():
        layer.weight *= torch.linspace(0.1, 3, shape[0])[:, None]  # rows of different sizes
    return layer


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Takes operators away, as on another processor or in another version of torch."""

    def missing(*given: Any) -> Any:
        raise RuntimeError("no such operator here")

    for name in names:
        *path, last = name.split(".")
        owner: Any = torch
        for part in path:
            owner = getattr(owner, part)
        monkeypatch.setattr(owner, last, missing)


def require_packing(dtype: torch.dtype) -> None:
    require_works(is_right(Packed, torch.Size([192, 160]), dtype, CPU), f"oneDNN's packed products in {dtype}")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@torch.no_grad()
def test_packed_is_plain(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    require_packing(dtype)
    plain = linear(shape, dtype)
    packed = StoredLinear(Packed(plain.weight), plain)
    x = torch.randn(2, 7, shape[1]).to(dtype)
    found, expected = packed(x), plain(x)
    step = 2 * torch.finfo(dtype).eps if dtype == torch.bfloat16 else 1e-5
    assert found.dtype == dtype
    assert (found - expected).abs().max() <= step * expected.abs().max()
    assert torch.equal(packed.weight, plain.weight)
    if dtype == torch.bfloat16:
        assert torch.equal(packed(x[:1, 3:4]), found[:1, 3:4])


@pytest.mark.parametrize("name", STORES)
@torch.no_grad()
def test_state_copies_and_pickles_hold_the_plain_weights(name: str) -> None:
    plain = linear((192, 160))
    layer = StoredLinear(STORES[name](plain.weight), plain)
    x = torch.randn(3, 160)
    assert list(layer.state_dict()) == list(plain.state_dict())
    assert torch.equal(layer.state_dict()["weight"], layer.weight)
    again = nn.Linear(160, 192)
    again.load_state_dict(layer.state_dict())
    assert torch.equal(again.weight, layer.to_plain().weight)
    assert torch.equal(again.bias, plain.bias)
    for copy in (deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(copy(x), layer(x))
    assert layer(x[:0]).shape == (0, 192)
    assert name in repr(layer)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@torch.no_grad()
def test_rounded_weights_and_products_of_8_bits_are_within_half_a_step(shape: tuple[int, int]) -> None:
    plain = linear(shape)
    layer = StoredLinear(store_in_8_bits(plain.weight), plain)
    steps = plain.weight.abs().amax(dim=1, keepdim=True) / 127
    wrong = (layer.weight - plain.weight).abs()
    assert (wrong <= 0.5001 * steps).all()
    assert (wrong.amax(dim=1, keepdim=True) > 0.3 * steps).all()
    x = torch.randn(9, shape[1]) * torch.logspace(-2, 2, 9)[:, None]
    x_steps = x.abs().amax(dim=1, keepdim=True) / 127
    # |m n s t − w x| ≤ |x| · t / 2 + |w'| · s / 2
    bound = x.abs().sum(dim=1, keepdim=True) * steps.T / 2 + x_steps / 2 * layer.weight.abs().sum(dim=1)
    missed = (layer(x) - plain(x)).abs()
    assert (missed <= 1.001 * bound).all()
    assert missed.max() > 1e-3 * plain(x).abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@torch.no_grad()
def test_a_row_of_8_bits_does_not_depend_on_its_neighbours(shape: tuple[int, int], dtype: torch.dtype) -> None:
    plain = linear(shape, dtype)
    layer = StoredLinear(store_in_8_bits(plain.weight), plain)
    x = (torch.randn(19, shape[1]) * torch.logspace(-2, 2, 19)[:, None]).to(dtype)
    together = layer(x)
    assert together.dtype == dtype
    assert all(torch.equal(layer(x[i : i + 1]), together[i : i + 1]) for i in range(len(x)))
    louder = x.clone()
    louder[1:] *= 100
    assert torch.equal(layer(louder)[0], together[0])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_kernel_of_8_bits_gives_the_same_bits(shape: tuple[int, int]) -> None:
    numbers, scales = round_rows(torch.randn(shape))
    x, _ = round_rows(torch.randn(5, shape[1]))
    x[0] = 127 * numbers[0].sign()
    exact = (x.long() @ numbers.long().T).float()
    for kernel in (ExactSums, PackedSums, IntegerSums):
        if kernel is not ExactSums and not is_exact(kernel, numbers.shape, CPU):
            continue
        made: EightBits = kernel(numbers, scales[:, 0])
        assert torch.equal(made.sums(x), exact)
        assert torch.equal(made.numbers(), numbers)


@torch.no_grad()
def test_8_bits_without_the_operators_are_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, x = torch.randn(96, 1376), torch.randn(5, 1376)
    expected = store_in_8_bits(weight).product(x, None)
    for gone in ("_int_mm", "ops.onednn.qlinear_prepack"):
        without(monkeypatch, gone)
        is_exact.cache_clear()
        found = store_in_8_bits(weight)
        assert type(found) is not IntegerSums
        assert type(found) is ExactSums or gone == "_int_mm"
        assert torch.equal(found.product(x, None), expected)


@torch.no_grad()
def test_a_kernel_that_overflows_is_not_used() -> None:
    class Saturating(ExactSums):
        """Sums as on a processor that adds pairs of products in 16 bits."""

        def sums(self, numbers: Tensor) -> Tensor:
            products = numbers[:, None].float() * self._numbers.float()
            return products.unflatten(-1, (-1, 2)).sum(dim=-1).clamp(-20000, 20000).sum(dim=-1)

    assert is_exact(ExactSums, torch.Size([5, 64]), CPU)
    assert not is_exact(Saturating, torch.Size([5, 64]), CPU)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@torch.no_grad()
def test_4_bits_are_within_half_a_step_of_their_group(shape: tuple[int, int]) -> None:
    plain = linear(shape)
    found = store_in_4_bits(plain.weight)
    scale, zero = found.parts()[1].float().permute(2, 1, 0)
    step, near = (one.repeat_interleave(32, dim=1)[:, : shape[1]] for one in (scale, zero.abs()))
    wrong = (found.plain() - plain.weight).abs()
    assert (wrong <= 0.5001 * step + near / 256).all()
    assert (wrong.amax(dim=1) > 0.3 * step.amin(dim=1)).all()
    assert len(found.numbers().unique()) == 16


@torch.no_grad()
def test_4_bits_reproduce_what_they_can_write() -> None:
    steps, zeros = torch.tensor([0.25, 0.5, 1.0, 2.0]), torch.tensor([0.0, 3.0, -1.5, 0.5])
    numbers = torch.arange(16).repeat(2)[torch.stack([torch.randperm(32) for _ in range(4)])]
    weight = (numbers - 8) * steps[:, None] + zeros[:, None]
    again = store_in_4_bits(store_in_4_bits(weight).plain())
    assert (again.plain() - weight).abs().max() < 0.02 * weight.abs().max()
    constant = store_in_4_bits(torch.full((3, 64), 0.75)).plain()
    torch.testing.assert_close(constant, torch.full((3, 64), 0.75))


@torch.no_grad()
def test_the_4_bit_kernel_is_its_dequantized_product() -> None:
    weight = torch.randn(192, 160)
    found = store_in_4_bits(weight)
    require_works(type(found) is InterleavedNibbles, "torch's 4-bit kernel")
    plain = Nibbles(*found.parts())
    assert torch.equal(plain.plain(), found.plain())
    for rows in (1, 3, quantized.MANY + 1):
        x = torch.randn(rows, 160)
        expected = F.linear(x, found.plain())
        for one in (found, plain):
            assert (one.product(x, None) - expected).abs().max() <= 2**-7 * expected.abs().max()


@torch.no_grad()
def test_4_bits_without_the_operators_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, x, bias = torch.randn(192, 160), torch.randn(3, 160), torch.randn(192)
    expected = store_in_4_bits(weight)
    without(monkeypatch, "ops.aten._convert_weight_to_int4pack_for_cpu")
    is_right.cache_clear()
    found = store_in_4_bits(weight)
    assert type(found) is Nibbles
    assert torch.equal(found.plain(), expected.plain())
    torch.testing.assert_close(found.product(x, bias), F.linear(x, found.plain(), bias))


def test_rows_that_are_interleaved_otherwise_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized, "BLOCKS", ())
    assert type(store_in_4_bits(torch.randn(192, 160))) is Nibbles


@pytest.mark.parametrize("wrong", ["missing", "other numbers"])
def test_a_packed_product_that_is_not_right_is_not_used(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = torch.Size([192, 160])
    if wrong == "missing":
        without(monkeypatch, "ops.mkldnn._reorder_linear_weight")
    else:
        plain = Packed.product
        monkeypatch.setattr(Packed, "product", lambda self, x, bias: plain(self, x, bias) * 1.01)
    assert not is_right(Packed, shape, torch.float32, CPU)


@pytest.mark.parametrize("name", STORES)
def test_gradients_of_inputs_are_those_of_the_plain_matrix(name: str) -> None:
    plain = linear((192, 160))
    layer = StoredLinear(STORES[name](plain.weight), plain)
    x = torch.randn(3, 160, requires_grad=True)
    pulled = torch.randn(3, 192)
    (gradient,) = torch.autograd.grad(layer(x), x, pulled)
    torch.testing.assert_close(gradient, pulled @ layer.weight)


def test_weights_are_not_converted() -> None:
    plain = linear((192, 160))
    packed = StoredLinear(Packed(plain.weight), plain)
    assert packed.to("cpu", torch.float32) is packed
    with pytest.raises(UserError, match="packed weights cannot be converted"):
        packed.to(torch.bfloat16)
    eight = StoredLinear(store_in_8_bits(plain.weight), plain)
    scales = eight.stored.parts()[1]
    assert eight.to(torch.bfloat16)(torch.randn(3, 160).bfloat16()).dtype == torch.bfloat16
    assert eight.stored.parts()[1] is scales
    with pytest.raises(UserError, match="q8 weights cannot be converted"):
        eight.to("meta")


@torch.no_grad()
def test_numbers_that_are_not_finite_stay_so() -> None:
    x = torch.randn(4, 160)
    x[1, 3], x[2, 5] = torch.nan, torch.inf
    for name in STORES:
        y = STORES[name](torch.randn(192, 160)).product(x, None)
        assert not y[1:3].isfinite().any()
        assert y[[0, 3]].isfinite().all()


@torch.no_grad()
def test_autocast_changes_no_sum_of_integers() -> None:
    weight, x = torch.randn(96, 1376), torch.randn(5, 1376)
    numbers, scales = round_rows(weight)
    for kernel in (store_in_8_bits(weight), ExactSums(numbers, scales[:, 0])):
        with torch.autocast("cpu", torch.bfloat16):
            found = kernel.product(x, None)
        assert torch.equal(found, kernel.product(x, None))
