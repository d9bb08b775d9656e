"""A text and its labels, as tokens and numbers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cutaway.config.task import SequenceClassificationConfig
from cutaway.data.examples import Labelled
from cutaway.data.rows.texts import cut, encode_texts, framed
from cutaway.errors import UserError, nearest
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class SentenceRow:
    """Token ids, and what is to be said of them: a label's number, a 0 or 1 for each label, or a number."""

    tokens: list[int]
    target: tuple[float, ...]

    @property
    def lengths(self) -> tuple[int]:
        """How long the text is."""
        return (len(self.tokens),)


def sentences(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens, each between the begin token and the separator."""
    return [framed(tokenizer, ids) for ids in encode_texts(tokenizer, texts)]


def sentence_rows(
    tokenizer: Tokenizer,
    examples: Sequence[Labelled],
    task: SequenceClassificationConfig,
    limit: int,
    counted: Counter[str],
) -> list[SentenceRow]:
    """Examples as tokens and numbers. Texts of more than `limit` tokens are cut, and counted.

    Raises:
        UserError: a label is none that the model knows, or no number where numbers are asked for.
    """
    rows = cut(sentences(tokenizer, [example.text for example in examples]), limit, counted)
    target = TARGETS[task.problem]
    targets = [target(example.labels, task.labels or ()) for example in examples]
    return [SentenceRow(row, wanted) for row, wanted in zip(rows, targets, strict=True)]


def known_labels(examples: Sequence[Labelled], problem: str) -> tuple[str, ...] | None:
    """All labels that occur, in alphabetical order; none if labels are numbers."""
    if problem == "regression":
        return None
    return tuple(sorted({label for example in examples for label in example.labels}))


def number_of(label: str, known: Sequence[str]) -> int:
    """The number of a label.

    Raises:
        UserError: it never occurred in training.
    """
    if label not in known:
        raise UserError(f"the label {label!r} never occurs in the examples to train on; {nearest(label, known)}")
    return known.index(label)


def value_of(labels: tuple[str, ...]) -> float:
    """The number that the only label is.

    Raises:
        UserError: it is none, or there are more or fewer.
    """
    try:
        (label,) = labels
        return float(label)
    except ValueError:
        raise UserError(
            f"{', '.join(labels) or 'an empty label'} is no number, and task.problem is regression"
        ) from None


def _single(labels: tuple[str, ...], known: Sequence[str]) -> tuple[float, ...]:
    if len(labels) != 1:
        raise UserError(
            f"an example has {len(labels)} labels ({', '.join(labels) or 'none'}): for any number of them, "
            f"choose task.problem=multi_label"
        )
    return (float(number_of(labels[0], known)),)


def _several(labels: tuple[str, ...], known: Sequence[str]) -> tuple[float, ...]:
    numbers = {number_of(label, known) for label in labels}
    return tuple(float(i in numbers) for i in range(len(known)))


TARGETS: dict[str, Callable[[tuple[str, ...], Sequence[str]], tuple[float, ...]]] = {
    "single_label": _single,
    "multi_label": _several,
    "regression": lambda labels, known: (value_of(labels),),
}
