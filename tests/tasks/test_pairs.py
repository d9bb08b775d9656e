"""Pairs as tokens: each side begins and ends as it must, and nothing is left out or cut without being counted."""

from collections import Counter

import pytest

from cutaway.data.examples import Pair
from cutaway.errors import UserError
from cutaway.tasks.sequence_to_sequence.task import PairTokenizers
from text.kinds import WRITERS, train

PAIRS = [
    Pair("the cat sat on the mat", "low"),
    Pair("low lower lowest", "new newer newest lowest lower low"),
    Pair("newest", "it"),
]
EVERY_KIND = pytest.mark.parametrize("kind", WRITERS)


def shared(kind: str) -> PairTokenizers:
    return PairTokenizers(WRITERS[kind], WRITERS[kind])


@EVERY_KIND
def test_a_source_ends_and_a_target_also_begins(kind: str) -> None:
    tokenizer, counted = WRITERS[kind], Counter[str]()
    rows = shared(kind).rows(PAIRS, 100, counted)
    begin, end = tokenizer.begin, tokenizer.end
    assert (begin, end) == (2, 3)
    for row, pair in zip(rows, PAIRS, strict=True):
        assert row.source == [*tokenizer.encode(pair.source), end]
        assert row.target == [begin, *tokenizer.encode(pair.target), end]
        assert row.lengths == (len(row.source), len(row.target))
    assert not counted
    assert [row.source for row in rows] == shared(kind).read([pair.source for pair in PAIRS])


def test_each_side_may_have_its_own_tokenizer() -> None:
    tokenizers = PairTokenizers(WRITERS["char"], WRITERS["bpe"])
    row = tokenizers.rows(PAIRS[:1], 100, Counter())[0]
    assert row.source[:-1] == WRITERS["char"].encode(PAIRS[0].source)
    assert row.target[1:-1] == WRITERS["bpe"].encode(PAIRS[0].target)


def test_what_is_too_long_on_a_side_is_left_out_and_counted() -> None:
    tokenizers, counted = shared("char"), Counter[str]()
    whole = tokenizers.rows(PAIRS, 100, Counter())
    longest = max(whole[2].lengths)
    assert tokenizers.rows(PAIRS, longest, counted) == [whole[2]]
    assert counted == {f"longer than {longest} tokens": 2}
    assert tokenizers.rows(PAIRS, longest - 1, counted) == []
    assert counted[f"longer than {longest - 1} tokens"] == 3


def test_sources_alone_are_cut_if_that_is_wanted_and_counted() -> None:
    tokenizers, counted = shared("char"), Counter[str]()
    whole = tokenizers.rows(PAIRS, 100, Counter())
    limit = len(whole[2].source)
    rows = tokenizers.rows(PAIRS, limit, counted, truncate=True)
    assert [row.source for row in rows] == [[*whole[0].source[: limit - 1], 3], whole[2].source]
    assert [row.target for row in rows] == [whole[0].target, whole[2].target], "targets are never cut"
    assert counted == {f"cut to {limit} tokens": 2, f"longer than {limit} tokens": 1}


def test_a_tokenizer_must_know_how_a_text_begins_and_ends() -> None:
    plain, writer = train("char"), WRITERS["char"]
    with pytest.raises(UserError, match="the tokenizer of the source has no end token"):
        PairTokenizers(plain, writer)
    ending = train("char", with_end=True)
    assert PairTokenizers(ending, writer).read(["it"])[0][-1] == ending.end
    with pytest.raises(UserError, match="the tokenizer of the target has no start token: train another one"):
        PairTokenizers(writer, ending)
