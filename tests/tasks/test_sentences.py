"""Texts as tokens, for a model that says something of them."""

import pytest

from cutaway.tasks.texts import encode_inputs
from text.kinds import READERS, train

TEXTS = ["the cat sat", "low lower lowest new newer", "it"]


@pytest.mark.parametrize("kind", READERS)
def test_a_text_stands_between_its_frame(kind: str) -> None:
    tokenizer = READERS[kind]
    assert encode_inputs(tokenizer, TEXTS) == [
        [tokenizer.begin, *tokenizer.encode(text), tokenizer.separator] for text in TEXTS
    ]


def test_a_tokenizer_without_a_frame_gives_none() -> None:
    plain = train("char")
    assert encode_inputs(plain, ["it"]) == [plain.encode("it")]
