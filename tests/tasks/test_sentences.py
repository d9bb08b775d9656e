"""Texts as tokens, for a model that says something of them."""

import pytest

from cutaway.tasks.rows.sentences import sentences
from text.kinds import READERS, train

TEXTS = ["the cat sat", "low lower lowest new newer", "it"]


@pytest.mark.parametrize("kind", READERS)
def test_a_text_stands_between_its_frame(kind: str) -> None:
    tokenizer = READERS[kind]
    assert sentences(tokenizer, TEXTS) == [
        [tokenizer.begin, *tokenizer.encode(text), tokenizer.separator] for text in TEXTS
    ]


def test_a_tokenizer_without_a_frame_gives_none() -> None:
    plain = train("char")
    assert sentences(plain, ["it"]) == [plain.encode("it")]
