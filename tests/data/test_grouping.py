"""Rows of any lengths go through in batches of their kind, and results come back in the order of the rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cutaway.data.grouping import in_batches, in_groups

rows = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=12), max_size=30)


@given(rows=rows, limit=st.integers(1, 60))
def test_results_come_in_the_order_of_the_rows(rows: list[list[int]], limit: int) -> None:
    seen: list[int] = []

    def read(tokens: Tensor, mask: Tensor | None) -> list[list[int]]:
        assert tokens.numel() <= limit or len(tokens) == 1
        assert (mask is None) == bool((tokens > 0).all()), "there is a mask where there is padding"
        seen.append(len(tokens))
        keep = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
        return [row[kept].tolist() for row, kept in zip(tokens, keep, strict=True)]

    assert in_batches(rows, read, torch.device("cpu"), tokens_at_once=limit) == rows
    assert sum(seen) == len(rows)


@given(rows=rows, limit=st.integers(1, 60))
def test_what_differs_in_form_is_kept_apart(rows: list[list[int]], limit: int) -> None:
    def read(some: list[list[int]]) -> list[int]:
        assert len({row[0] % 3 for row in some}) == 1
        return [sum(row) for row in some]

    found = in_groups(rows, [len(row) for row in rows], read, limit, shape=lambda row: row[0] % 3)
    assert found == [sum(row) for row in rows]
