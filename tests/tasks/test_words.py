"""Tags stand at the first token of their word, and nowhere else."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.examples import Tagged
from cutaway.errors import UserError
from cutaway.nn.losses import IGNORED
from cutaway.tasks.token_classification.task import align, word_rows
from text.kinds import READERS, train

WORDS = ("low", "lowest", "newest", "the", "wide", "mat", "it")
TAGS = ("O", "B-x", "I-x")
CUTTING = [kind for kind in READERS if kind != "word"]
sentences = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS)), min_size=1, max_size=9)


@pytest.mark.parametrize("kind", CUTTING)
@given(sentence=sentences)
def test_the_tokens_from_a_start_to_the_next_are_the_word(kind: str, sentence: list[tuple[str, str]]) -> None:
    tokenizer, words = READERS[kind], [word for word, _ in sentence]
    tokens, starts = align(tokenizer, words)
    assert (tokens[0], tokens[-1]) == (tokenizer.begin, tokenizer.separator)
    ends = [*starts[1:], len(tokens) - 1]
    assert starts[0] == 1
    assert [tokenizer.decode(tokens[a:b]).strip() for a, b in zip(starts, ends, strict=True)] == words


@pytest.mark.parametrize("kind", READERS)
@given(sentence=sentences)
def test_tags_stand_at_starts_alone(kind: str, sentence: list[tuple[str, str]]) -> None:
    words, tags = zip(*sentence, strict=True)
    (row,) = word_rows(READERS[kind], [Tagged(words, tags)], TAGS, 1000, Counter())
    assert [TAGS[row.targets[start]] for start in row.starts] == list(tags)
    others = [target for place, target in enumerate(row.targets) if place not in row.starts]
    assert others == [IGNORED] * (len(row.tokens) - len(tags))
    assert row.lengths == (len(row.tokens),) == (len(row.targets),)


def test_without_a_frame_the_first_word_is_the_first_token() -> None:
    plain = train("char")
    tokens, starts = align(plain, ["it", "mat"])
    assert starts == [0, 2]
    assert plain.decode(tokens) == "itmat"


def test_long_sentences_are_left_out_and_counted() -> None:
    counted = Counter[str]()
    examples = [Tagged(("it",), ("O",)), Tagged(("it",) * 9, ("O",) * 9), Tagged(("mat", "it"), ("B-x", "O"))]
    rows = word_rows(READERS["char"], examples, TAGS, 7, counted)
    assert [len(row.starts) for row in rows] == [1, 2]
    assert counted == {"longer than 7 tokens": 1}


def test_a_tag_that_nobody_taught_is_told() -> None:
    with pytest.raises(UserError, match="the label 'B-X' does not occur in the training split; did you mean 'B-x'"):
        word_rows(READERS["char"], [Tagged(("it",), ("B-X",))], TAGS, 9, Counter())
