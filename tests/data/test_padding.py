import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.padding import length_mask, pad


@given(rows=st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=7))
def test_rows_come_back_from_under_the_mask(rows: list[list[int]]) -> None:
    padded = pad(rows, -5)
    mask = length_mask(np.array([len(row) for row in rows], np.int64))
    assert padded.shape == mask.shape == (len(rows), max(map(len, rows), default=0))
    assert padded.dtype == np.int64
    assert [row[kept].tolist() for row, kept in zip(padded, mask, strict=True)] == rows
    assert (padded[~mask] == -5).all()
