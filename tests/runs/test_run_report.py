"""The line that a report opens the model on."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cutaway.config.tokenizer import ByteTokenizer
from cutaway.data.text.shards import TokenStream
from cutaway.runs.run_report import a_line
from cutaway.text.training import train_tokenizer

TOKENIZER = train_tokenizer(ByteTokenizer(), [])


def corpus(training: str, validation: str) -> Any:
    parts = [TokenStream([np.array(TOKENIZER.encode(text), np.uint16)]) for text in (training, validation)]
    return SimpleNamespace(tokenizer=TOKENIZER, training=parts[0], validation=parts[1])


def test_it_is_of_the_held_out_text_and_says_something() -> None:
    assert a_line(corpus("x" * 500, "-" * 300 + "a few words" + "-" * 300), 40).count("a few words") == 1


def test_it_is_of_the_whole_text_if_too_little_was_held_out() -> None:
    assert a_line(corpus("a few words", "-" * 5), 11) == "a few words"
    assert a_line(corpus("a few words", ""), 48) == "a few words"


@pytest.mark.parametrize("most", range(1, 9))
def test_it_is_no_longer_than_it_may_be_and_holds_whole_characters(most: int) -> None:
    line = a_line(corpus("", "äöüß€" * 20), most)
    assert "\N{REPLACEMENT CHARACTER}" not in line
    assert len(TOKENIZER.encode(line)) <= most


def test_it_is_cut_where_it_falls_into_more_tokens_than_it_had() -> None:
    two_each = SimpleNamespace(decode=lambda ids: "x" * len(ids), encode=lambda text: [0, 0] * len(text))
    stream = TokenStream([np.arange(20, dtype=np.uint16)])
    text: Any = SimpleNamespace(tokenizer=two_each, training=stream, validation=stream)
    assert a_line(text, 8) == "xxxx"
