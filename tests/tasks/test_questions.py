"""Windows cover the context, share their stride, and point to the answer where they hold the whole of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.examples import Answer, Question
from cutaway.errors import UserError
from cutaway.tasks.question_answering.context_windows import QuestionRow, Windowing, locate
from text.kinds import READERS, train

WORDS = ("low", "lowest", "newer", "the", "wide", "mat", "it", "naïve", "漢字")
QUESTION = "it is the mat?"
KINDS = ("char", "byte", "bpe", "wordpiece", "unigram")
contexts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40)


def windowing(kind: str, room: int, stride: int) -> Windowing:
    """One whose windows hold so many tokens of the context."""
    return Windowing(READERS[kind], len(READERS[kind].encode(QUESTION)) + 3 + room, stride)


def told(row: QuestionRow, context: str) -> str:
    """What of the context a row points to."""
    first, last = (target - row.begin for target in row.target)
    return context[row.offsets[first][0] : row.offsets[last][1]]


@pytest.mark.parametrize("kind", KINDS)
@given(words=contexts, stride=st.integers(1, 6), more=st.integers(1, 12))
def test_windows_cover_the_context_and_share_their_stride(kind: str, words: list[str], stride: int, more: int) -> None:
    context, asked = " ".join(words), READERS[kind].encode(QUESTION)
    ids, offsets = READERS[kind].encode_with_offsets(context)
    begin, separator = READERS[kind].begin, READERS[kind].separator
    rows = windowing(kind, stride + more, stride).rows(QUESTION, context)
    covered: list[int] = []
    places: list[tuple[int, int]] = []
    for number, row in enumerate(rows):
        assert row.tokens[: row.begin] == [begin, *asked, separator]
        assert row.tokens[-1] == separator
        window = row.tokens[row.begin : -1]
        assert len(window) == len(row.offsets) <= stride + more
        assert row.segments == [0] * (len(asked) + 2) + [1] * (len(window) + 1)
        shared = stride if number else 0
        assert window[:shared] == covered[len(covered) - shared :]
        assert len(window) > shared, "each window adds something"
        covered += window[shared:]
        places += row.offsets[shared:]
    assert (covered, places) == (ids, offsets)


@pytest.mark.parametrize("kind", KINDS)
@given(words=contexts, stride=st.integers(1, 9), more=st.integers(1, 12), data=st.data())
def test_where_the_answer_is_the_target_gives_it_back(
    kind: str, words: list[str], stride: int, more: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, min(first + 2, len(words) - 1)))
    context, answer = " ".join(words), " ".join(words[first : last + 1])
    start = len(" ".join([*words[:first], ""]))
    asked = Question("1", QUESTION, context, (Answer(answer, start), Answer("not this one", 0)))
    rows = list(windowing(kind, stride + more, stride).answered([asked]))
    pointing = [row for row in rows if row.target != (0, 0)]
    assert {told(row, context).strip() for row in pointing} <= {answer}
    for row in rows:
        covered = range(row.offsets[0][0], row.offsets[-1][1])
        holds_all = start in covered and start + len(answer) - 1 in covered
        assert (row in pointing) == holds_all
    _, offsets = READERS[kind].encode_with_offsets(context)
    tokens = sum(begin < start + len(answer) and end > start for begin, end in offsets)
    if tokens <= stride + 1:
        assert pointing, "an answer of no more tokens than windows share, and one, is whole in some window"


def test_each_window_of_each_question_is_a_row() -> None:
    questions = [Question(str(i), QUESTION, "the mat " * count, (Answer("mat", 4),)) for i, count in enumerate((1, 9))]
    maker = windowing("char", 16, 5)
    expected = [len(maker.rows(QUESTION, question.context)) for question in questions]
    assert expected[0] == 1 < expected[1]
    assert len(list(maker.answered(questions))) == sum(expected)


def test_part_of_an_answer_is_none() -> None:
    row = QuestionRow([2, 9, 3, 10, 11, 12, 3], 3, [(4, 7), (7, 9), (10, 12)])
    assert locate(row, Answer("cdef", 5)) == (3, 4), "it may begin and end inside a token"
    assert locate(row, Answer("gh", 10)) == (5, 5)
    for start, text in ((3, "ab"), (10, "ghi"), (0, "abcd"), (12, "i")):
        assert locate(row, Answer(text, start)) == (0, 0)


def test_a_question_must_leave_room() -> None:
    asked = len(READERS["char"].encode(QUESTION))
    with pytest.raises(UserError, match=rf"the question has {asked} tokens and leaves room for 5 .*task\.stride 5"):
        windowing("char", 5, 5).rows(QUESTION, "the mat")
    with pytest.raises(UserError, match="leaves room for 0 of its context"):
        Windowing(READERS["char"], 9, 1).rows(QUESTION, "the mat")


@pytest.mark.parametrize("context", ["", "  "])
def test_there_must_be_a_context(context: str) -> None:
    with pytest.raises(UserError, match=rf"there is no context to find the answer to '{QUESTION[:-1]}\?' in"):
        windowing("wordpiece", 9, 2).rows(QUESTION, context)


def test_the_tokenizer_must_have_a_frame() -> None:
    with pytest.raises(UserError, match=r"needs a tokenizer with \[CLS\] and \[SEP\]"):
        Windowing(train("char"), 9, 2)


def test_a_context_that_fits_is_one_window_whatever_the_stride() -> None:
    (row,) = windowing("wordpiece", 20, 64).rows(QUESTION, "the cat sat on the mat")
    assert len(row.offsets) < 20
    assert row.tokens == windowing("wordpiece", 20, 2).rows(QUESTION, "the cat sat on the mat")[0].tokens
