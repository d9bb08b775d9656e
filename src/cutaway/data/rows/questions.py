"""A question and windows over its context, as tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cutaway.data.examples import Answer, Question
from cutaway.errors import UserError
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class QuestionRow:
    """``[CLS] question [SEP] window [SEP]`` as token ids.

    Attributes:
        tokens: the ids.
        begin: where the window begins among them.
        offsets: for each token of the window, which characters of the context it covers.
        target: where the answer begins and ends among the tokens; both 0, the begin token, if it is not in the window.
    """

    tokens: list[int]
    begin: int
    offsets: list[tuple[int, int]]
    target: tuple[int, int] = (0, 0)

    @property
    def lengths(self) -> tuple[int]:
        """How long question and window are together."""
        return (len(self.tokens),)

    @property
    def segments(self) -> list[int]:
        """0 for the question, 1 for the window and what ends it."""
        return [0] * self.begin + [1] * (len(self.tokens) - self.begin)


@dataclass(frozen=True)
class Windowing:
    """How questions become rows.

    Attributes:
        tokenizer: has a begin token and a separator.
        limit: tokens of a row at most.
        stride: tokens that two windows next to each other share.
    """

    tokenizer: Tokenizer
    limit: int
    stride: int

    def __post_init__(self) -> None:
        if self.tokenizer.begin is None or self.tokenizer.separator is None:
            raise UserError("question answering needs a tokenizer with [CLS] and [SEP]: train another one")

    def rows(self, question: str, context: str) -> list[QuestionRow]:
        """One row for each window; together they cover the context.

        Raises:
            UserError: the question leaves no room for the context, or there is no context.
        """
        asked = self.tokenizer.encode(question)
        ids, offsets = self.tokenizer.encode_with_offsets(context)
        room = self.limit - len(asked) - 3
        if not ids:
            raise UserError(f"there is no context to find the answer to {question!r} in")
        if room <= self.stride:
            raise UserError(
                f"the question has {len(asked)} tokens and leaves room for {max(room, 0)} of its context, which "
                f"task.stride {self.stride} does not allow: ask in fewer words, or train with a smaller task.stride "
                f"or a longer model.context"
            )
        begin, separator = self.tokenizer.begin, self.tokenizer.separator
        assert begin is not None
        assert separator is not None
        head = [begin, *asked, separator]
        starts = range(0, max(1, len(ids) - self.stride), room - self.stride)
        return [
            QuestionRow([*head, *ids[start : start + room], separator], len(head), offsets[start : start + room])
            for start in starts
        ]

    def answered(self, questions: Sequence[Question]) -> Iterator[QuestionRow]:
        """Rows to learn from, with the first answer of each question."""
        for question in questions:
            for row in self.rows(question.question, question.context):
                yield replace(row, target=place(row, question.answers[0]))


def place(row: QuestionRow, answer: Answer) -> tuple[int, int]:
    """The first and the last token of an answer in a row; (0, 0) if its window does not hold the whole of it."""
    end = answer.start + len(answer.text)
    inside = [i for i, (start, stop) in enumerate(row.offsets) if start < end and stop > answer.start]
    if not inside or row.offsets[inside[0]][0] > answer.start or row.offsets[inside[-1]][1] < end:
        return 0, 0
    return row.begin + inside[0], row.begin + inside[-1]
