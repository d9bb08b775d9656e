from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.text.shards import TokenStream, open_shard, token_type, write_shard
from cutaway.errors import UserError


@given(st.lists(st.integers(0, 6), max_size=6), st.integers(-30, 30), st.integers(-30, 30))
def test_shards_read_as_one_array(sizes: list[int], start: int, stop: int) -> None:
    whole = np.arange(sum(sizes)) + 60_000
    stream = TokenStream(np.split(whole.astype(np.uint32), np.cumsum(sizes)[:-1]) if sizes else [])
    assert len(stream) == len(whole)
    assert stream[start:stop].dtype == np.int64
    np.testing.assert_array_equal(stream[start:stop], whole[start:stop])
    np.testing.assert_array_equal(stream[:], whole)


def test_tokens_are_copied_out_and_in_order() -> None:
    array = np.arange(5, dtype=np.uint16)
    stream = TokenStream([array])
    stream[:][0] = 9
    assert array[0] == 0
    with pytest.raises(ValueError, match="steps of 2"):
        stream[::2]


@pytest.mark.parametrize(("vocabulary", "size"), [(2, 2), (65_536, 2), (65_537, 4), (200_000, 4)])
def test_the_type_holds_every_token(vocabulary: int, size: int) -> None:
    kind = token_type(vocabulary)
    assert np.dtype(kind).itemsize == size
    assert np.iinfo(kind).max >= vocabulary - 1


def test_a_shard_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    write_shard(path, [np.array([3, 1], np.uint16), np.array([], np.uint16), np.array([4], np.uint16)])
    shard = open_shard(path)
    assert (shard.tolist(), shard.dtype) == ([3, 1, 4], np.uint16)
    assert isinstance(shard, np.memmap)
    write_shard(path, [np.array([], np.uint16)])
    assert len(open_shard(path)) == 0


@pytest.mark.parametrize("content", [None, b"", b"no array", "short"])
def test_a_damaged_shard_is_named(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "a.npy"
    write_shard(path, [np.arange(99, dtype=np.uint16)])
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-5] if isinstance(content, str) else content)
    with pytest.raises(UserError, match=r"a\.npy"):
        open_shard(path)
