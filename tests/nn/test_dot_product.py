"""Every form of attention is the plain equation, gradients included."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.nn import dot_product
from cutaway.nn.dot_product import FEW, Scoring, attend, by_products, fold, is_faster_folded, plain
from cutaway.nn.geometry import Geometry, all_to_all, token_positions
from cutaway.nn.positions import ALiBi, RelativeBias
from pairwise import pairwise

B, H, D, TK = 2, 6, 5, 19
WIDTHS = {"narrow": 3, "equal": D, "wide": 8}
BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}
"""How far a result may differ from the equation in float64, relative to the largest number in it."""
CASES = {
    "groups": [1, 2, 3, 6],
    "queries": [1, 2, FEW, FEW + 1],
    "limits": ["none", "padding", "window", "mask", "mask per head", "alibi", "relative"],
    "dtype": list(BOUNDS),
    "softcap": [None, 1.5],
    "values": list(WIDTHS),
}


def geometry(limits: str, queries: int) -> Geometry:
    """The last so many of `TK` tokens attend to those before them."""
    keep = torch.ones(B, TK, dtype=torch.long)
    keep[1, :4] = 0
    keys = token_positions(keep, keep if limits == "padding" else None)
    biases = {"alibi": ALiBi(H), "relative": RelativeBias(H)}.get(limits)
    if isinstance(biases, RelativeBias):
        torch.nn.init.normal_(biases.requires_grad_(False).table.weight)
    found = Geometry(keys[TK - queries :], keys, window=7 if limits == "window" else None, biases=biases)
    if limits.startswith("mask"):
        found = found.restricted(torch.rand(B, H if limits == "mask per head" else 1, queries, TK) > 0.4)
    return found


def with_gradients(run: Callable[..., Tensor], parts: list[Tensor], pull: Tensor) -> list[Tensor]:
    leaves = [part.detach().clone().requires_grad_() for part in parts]
    mixed = run(*leaves)
    return [mixed, *torch.autograd.grad(mixed, leaves, pull.to(mixed.dtype))]


@pytest.mark.parametrize("case", list(pairwise(CASES)), ids=lambda case: "-".join(map(str, case.values())))
def test_every_case_is_the_plain_equation(case: dict[str, Any]) -> None:
    queries, dtype, scoring = case["queries"], case["dtype"], Scoring(0.7, case["softcap"])
    groups, width = case["groups"], WIDTHS[case["values"]]
    sizes = (H, queries, D), (groups, TK, D), (groups, TK, width)
    parts = [torch.randn(B, *size).to(dtype) for size in sizes]
    pull, where = torch.randn(B, H, queries, width), geometry(case["limits"], queries)
    found = with_gradients(partial(attend, geometry=where, scoring=scoring), parts, pull.to(dtype))
    exact = partial(plain, geometry=where, scoring=scoring, dropout=0.0)
    expected = with_gradients(exact, [part.double() for part in parts], pull.to(dtype))
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == dtype
        assert (ours.double() - theirs).abs().max() <= BOUNDS[dtype] * theirs.abs().max()


@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("mask", [False, True])
def test_products_are_the_plain_equation(mask: bool, dtype: torch.dtype) -> None:
    parts = [torch.randn(B, heads, tokens, D).to(dtype) for heads, tokens in ((3, 7), (3, TK), (3, TK))]
    seen = torch.rand(B, 1, 7, TK) > 0.4 if mask else None
    if seen is not None:
        seen[1, :, 2] = False  # a query that may attend to nothing
    pull, scoring = torch.randn(B, 3, 7, D), Scoring(0.7)
    found = with_gradients(lambda q, k, v: by_products(q, k, v, seen, scoring, 0.0), parts, pull.to(dtype))
    where = all_to_all(7, TK, parts[0].device)
    where = where if seen is None else where.restricted(seen)
    exact = partial(plain, geometry=where, scoring=scoring, dropout=0.0)
    expected = with_gradients(exact, [part.double() for part in parts], pull.to(dtype))
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.double() - theirs).abs().max() <= BOUNDS[dtype] * theirs.abs().max()


@pytest.mark.parametrize(
    ("dtype", "seen"),
    [
        pytest.param(torch.bfloat16, None, marks=pytest.mark.heavy),
        (torch.bfloat16, 2000),
        (torch.float32, None),
    ],
)
def test_many_wide_queries_of_one_key_head_use_products_in_half_precision(
    dtype: torch.dtype, seen: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[torch.Size] = []

    def spied(q: Tensor, *others: Any) -> Tensor:
        used.append(q.shape)
        return by_products(q, *others)

    monkeypatch.setattr(dot_product, "by_products", spied)
    q, k = torch.randn(2, 130, 1, 512).to(dtype), torch.randn(2, 1, 2049, 512).to(dtype)
    where = all_to_all(1, 2049, q.device)
    where = where if seen is None else where.restricted(torch.arange(2049) < seen)
    mixed = attend(q, k, k, where, Scoring(0.05))
    assert used == ([(2, 1, 130, 512)] if dtype == torch.bfloat16 else [])
    expected = plain(q.double(), k.double(), k.double(), where, Scoring(0.05), 0.0)
    assert (mixed.double() - expected).abs().max() <= BOUNDS[dtype] * expected.abs().max()


def test_query_heads_become_queries_of_the_head_that_they_share() -> None:
    x, mask = torch.randn(B, H, 4, D), torch.rand(B, 1, 4, TK) > 0.5
    folded = fold(x, 3, H)  # two query heads per group
    assert folded.shape == (B, 3, 8, D)
    for head in range(H):
        rows = slice(4 * (head % 2), 4 * (head % 2) + 4)
        assert torch.equal(folded[:, head // 2, rows], x[:, head])
        assert torch.equal(fold(mask, 3, H)[:, 0, rows], mask[:, 0])


@pytest.mark.parametrize(
    ("groups", "queries", "dtype", "folds"),
    [
        (2, 1, torch.float32, True),
        (2, 2, torch.float32, False),
        (2, FEW, torch.bfloat16, True),
        (2, FEW + 1, torch.float16, False),
        (H, 1, torch.bfloat16, False),
    ],
)
def test_which_are_folded(groups: int, queries: int, dtype: torch.dtype, folds: bool) -> None:
    q, k = torch.randn(B, H, queries, D, dtype=dtype), torch.randn(B, groups, TK, D, dtype=dtype)
    assert is_faster_folded(q, k) == folds
