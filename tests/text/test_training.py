from collections.abc import Iterator
from pathlib import Path

import pytest

from cutaway.config.tokenizer import BPETokenizer, ByteTokenizer, CharTokenizer, FileTokenizer
from cutaway.errors import UserError
from cutaway.text.training import train_tokenizer

TEXTS = ["low lower lowest\n", "new newer newest\n", "wide wider widest, isn't it?\n"] * 5


def test_training_twice_gives_the_same_tokenizer() -> None:
    config = BPETokenizer(vocabulary=290)
    assert train_tokenizer(config, TEXTS).sha256 == train_tokenizer(config, iter(TEXTS)).sha256


def test_merges_do_not_cross_words() -> None:
    tokenizer = train_tokenizer(BPETokenizer(vocabulary=1000), TEXTS)
    pieces = tokenizer.pieces(range(tokenizer.end))
    assert " newest" in pieces
    assert not any(" " in piece[1:] for piece in pieces)


def test_text_is_left_alone_by_what_does_not_learn_from_it() -> None:
    def texts() -> Iterator[str]:
        raise AssertionError("read")
        yield

    assert train_tokenizer(CharTokenizer(), texts(), alphabet="cab").encode("abc") == [0, 1, 2]
    assert train_tokenizer(ByteTokenizer(), texts()).vocabulary == 256


def test_a_tokenizer_that_is_there_is_opened(tmp_path: Path) -> None:
    there = train_tokenizer(BPETokenizer(vocabulary=280), TEXTS)
    there.save(tmp_path / "mine.json")
    config = FileTokenizer(path=str(tmp_path / "mine.json"))
    assert train_tokenizer(config, []).sha256 == there.sha256
    with pytest.raises(UserError, match=r"yours\.json"):
        train_tokenizer(FileTokenizer(path=str(tmp_path / "yours.json")), [])
