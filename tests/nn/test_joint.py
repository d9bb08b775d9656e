"""Layers that are stored together compute what each computes alone."""

import gc
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.nn.joint import Part, store_together
from cutaway.nn.quantized import store_in_4_bits, store_in_8_bits
from cutaway.nn.stored import Columns, Packed, Plain, Stored, StoredLinear, is_right

STORES: dict[str, Callable[[Tensor], Stored]] = {
    "plain": Plain,
    "columns": Columns,
    "packed": Packed,
    "q8": store_in_8_bits,
    "q4": store_in_4_bits,
}
SIZES = (96, 32, 64)
INPUTS = 160


class Counting(Plain):
    """Counts its products."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__(weight)
        self.products = 0

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        self.products += 1
        return super().product(x, bias)


def together(make: Callable[[Tensor], Stored] = Plain) -> tuple[list[nn.Linear], list[StoredLinear]]:
    """Plain layers, and the same ones stored together."""
    plain = [nn.Linear(INPUTS, size) for size in SIZES]
    parts = store_together(make, [layer.weight.detach() for layer in plain])
    return plain, [StoredLinear(part, layer) for part, layer in zip(parts, plain, strict=True)]


def counted() -> tuple[list[StoredLinear], Counting]:
    _, layers = together(Counting)
    part = layers[0].stored
    assert isinstance(part, Part)
    joint = part.joint.stored
    assert isinstance(joint, Counting)
    return layers, joint


@pytest.mark.parametrize("name", STORES)
@torch.no_grad()
def test_parts_are_what_each_matrix_gives_alone(name: str) -> None:
    make = STORES[name]
    if name == "packed" and not is_right(Packed, torch.Size([sum(SIZES), INPUTS]), torch.float32, torch.device("cpu")):
        make = Plain
    plain, layers = together(make)
    for shape in ((1, INPUTS), (2, 3, INPUTS)):
        x = torch.randn(shape)
        for layer, one in zip(plain, layers, strict=True):
            alone = make(layer.weight.detach())
            assert torch.equal(one.weight, alone.plain())
            expected = F.linear(x, one.weight, layer.bias)
            bound = {"q8": 0.02, "q4": 2**-7}.get(name, 1e-5) * expected.abs().max()
            assert (one(x) - expected).abs().max() <= bound
            if name == "q8":
                assert torch.equal(one(x), alone.product(x, layer.bias))
            assert one.stored.form == alone.form


@torch.no_grad()
def test_one_product_serves_all_layers_with_an_input() -> None:
    layers, joint = counted()
    x, y = torch.randn(3, INPUTS), torch.randn(3, INPUTS)
    for one in layers:
        one(x)
    assert joint.products == 1
    for one in reversed(layers):
        one(x)
    assert joint.products == 2
    expected = [F.linear(given, one.weight, one.bias) for given in (x, y) for one in layers]
    found = [layers[0](x), layers[0](y), layers[1](x), layers[1](y), layers[2](x), layers[2](y)]
    for a, b in zip(found, [expected[i] for i in (0, 3, 1, 4, 2, 5)], strict=True):
        torch.testing.assert_close(a, b)


@torch.no_grad()
def test_an_input_that_was_changed_in_place_is_multiplied_again() -> None:
    _, layers = together()
    x = torch.randn(3, INPUTS)
    layers[0](x)
    x.mul_(-2)
    torch.testing.assert_close(layers[1](x), F.linear(x, layers[1].weight, layers[1].bias))


@torch.no_grad()
def test_a_hook_reaches_only_its_layer() -> None:
    plain, layers = together()
    x = torch.randn(3, INPUTS)
    layers[1].register_forward_pre_hook(lambda module, given: (given[0] + 1,))
    layers[2].register_forward_hook(lambda module, given, y: 2 * y)
    found = [one(x) for one in layers]
    for a, b in zip(found, (plain[0](x), plain[1](x + 1), 2 * plain[2](x)), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_results_do_not_stay_in_memory(mode: Callable[[], torch.no_grad]) -> None:
    _, layers = together()
    with mode():
        x = torch.randn(3, INPUTS)
        for one in layers:
            one(x)
    kept = weakref.ref(x)
    del x
    gc.collect()
    assert kept() is None


@torch.no_grad()
def test_copies_and_pickles_compute_the_same_and_stay_together() -> None:
    layers, _ = counted()
    x = torch.randn(3, INPUTS)
    expected = [one(x) for one in layers]
    layers[0](x)  # so that a result is awaited while they are copied
    for copies in (deepcopy(nn.ModuleList(layers)), pickle.loads(pickle.dumps(nn.ModuleList(layers)))):
        found = [one(x) for one in copies]
        assert all(map(torch.equal, found, expected))
        assert len({id(one.stored.joint) for one in copies}) == 1
        assert copies[0].stored.joint is not layers[0].stored.joint  # type: ignore[attr-defined, union-attr]


def test_threads_do_not_see_the_results_of_each_other() -> None:
    _, layers = together()

    def works(seed: int) -> bool:
        x = torch.randn(3, INPUTS, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            return all(torch.allclose(one(x), F.linear(x, one.weight, one.bias), atol=1e-5) for one in layers)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(works, range(400)))
