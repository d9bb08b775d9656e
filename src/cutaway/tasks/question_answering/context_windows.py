"""Windows over a context, and where in them its answer is (Devlin et al. 2019, section 4.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cutaway.data.examples import Answer, Question
from cutaway.errors import UserError, counted
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_text


@dataclass(frozen=True)
class QuestionRow:
    """``[CLS] question [SEP] window [SEP]`` as token ids.

    Attributes:
        tokens: the ids.
        begin: the index of the window's first token.
        offsets: for each token of the window, the characters of the context that it covers.
        target: the first and last token of the answer; both 0, the begin token, if it is not in the window.
        segment: of the window and its separator; the question has segment 0.
    """

    tokens: list[int]
    begin: int
    offsets: list[tuple[int, int]]
    target: tuple[int, int] = (0, 0)
    segment: int = 1

    @property
    def lengths(self) -> tuple[int]:
        """Tokens of question and window."""
        return (len(self.tokens),)

    @property
    def segments(self) -> list[int]:
        """The segment of each token."""
        return [0] * self.begin + [self.segment] * (len(self.tokens) - self.begin)


@dataclass(frozen=True)
class Windowing:
    """From questions to rows.

    Attributes:
        tokenizer: with a begin token and a separator.
        limit: the most tokens of a row.
        stride: tokens shared by consecutive windows.
    """

    tokenizer: Tokenizer
    limit: int
    stride: int

    def __post_init__(self) -> None:
        if not all(around_text(self.tokenizer).pair):
            raise UserError("question answering needs a tokenizer with [CLS] and [SEP]: train another one")

    def rows(self, question: str, context: str) -> list[QuestionRow]:
        """One row per window; together the windows cover the context.

        Raises:
            UserError: the question leaves no room for the context, or there is no context.
        """
        asked = self.tokenizer.encode(question)
        ids, offsets = self.tokenizer.encode_with_offsets(context)
        frame = around_text(self.tokenizer)
        room = self.limit - len(asked) - sum(map(len, frame.pair))
        if not ids:
            raise UserError(f"there is no context to find the answer to {question!r} in")
        if room < len(ids) and room <= self.stride:
            raise UserError(
                f"the question has {counted(len(asked), 'token')} and leaves room for {max(room, 0)} of its context, "
                f"which task.stride {self.stride} does not allow: ask in fewer words, or train with a smaller "
                f"task.stride or a longer model.context"
            )
        begin = len(frame.pair[0]) + len(asked) + len(frame.pair[1])
        starts = range(0, max(1, len(ids) - self.stride), room - self.stride) if room < len(ids) else (0,)
        windows = [slice(start, start + room) for start in starts]
        return [
            QuestionRow(frame.around_pair(asked, ids[some]), begin, offsets[some], segment=frame.second_segment)
            for some in windows
        ]

    def answered(self, questions: Sequence[Question]) -> Iterator[QuestionRow]:
        """Rows for training, with the first answer of each question."""
        for question in questions:
            for row in self.rows(question.question, question.context):
                yield replace(row, target=locate(row, question.answers[0]))


def locate(row: QuestionRow, answer: Answer) -> tuple[int, int]:
    """The first and last token of an answer in a row; (0, 0) if it is not completely in the window."""
    end = answer.start + len(answer.text)
    inside = [i for i, (start, stop) in enumerate(row.offsets) if start < end and stop > answer.start]
    if not inside or row.offsets[inside[0]][0] > answer.start or row.offsets[inside[-1]][1] < end:
        return 0, 0
    return row.begin + inside[0], row.begin + inside[-1]
