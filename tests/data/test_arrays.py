"""Arrays survive JSON to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import TypeAdapter

from cutaway.data.arrays import Array

DTYPES = st.one_of(*(st.sampled_from([np.dtype(name) for name in "?bBhHiIlLefd"]), st.just(np.dtype(">f4"))))


@given(values=arrays.arrays(DTYPES, arrays.array_shapes(max_dims=4, max_side=4)))
def test_what_is_written_is_read(values: np.ndarray) -> None:
    adapter = TypeAdapter(Array)
    found = adapter.validate_json(adapter.dump_json(Array.of(values)))
    assert found == Array.of(values)
    assert hash(found) == hash(Array.of(values))
    assert found.values().shape == values.shape
    np.testing.assert_array_equal(found.values(), values)


def test_an_array_is_what_it_holds_and_not_how_it_lies_in_memory() -> None:
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert Array.of(values.T) == Array.of(np.ascontiguousarray(values.T))
    for other in (values.T, values.astype(np.int8), values + 1):
        assert Array.of(other) != Array.of(values)


def test_what_is_read_is_not_to_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Array.of(np.zeros(3)).values()[0] = 1
