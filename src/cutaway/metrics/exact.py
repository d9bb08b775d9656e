"""Exact match of sequences: sorted numbers, sums, copies."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cutaway.metrics.report import Figures, Report, check_counts, percent


class Graded(NamedTuple):
    """One example: its length, whether all of it is right, and its number of right tokens."""

    length: int
    is_exact: bool
    right: int
    tokens: int


def sequence_report(
    predicted: Sequence[Sequence[object]],
    true: Sequence[Sequence[object]],
    lengths: Sequence[int],
    longest_trained: int,
) -> Report:
    """Exact match (the fraction of sequences that are completely right) and token accuracy; also by length, as parts.

    Lengths of training and greater ones are separate: the figures of greater ones end in ``_beyond``; a group without
    examples has none. Token accuracy is the fraction of tokens that are right at their position.

    Args:
        predicted: the predicted tokens (words, ids) of each example.
        true: the true tokens.
        lengths: the length of each example, as its task counts it.
        longest_trained: the greatest length in training.

    Raises:
        UserError: unequal counts, or no examples.
    """
    check_counts(predicted, true)
    examples = [_grade(*example) for example in zip(predicted, true, lengths, strict=True)]
    within = _shares(example for example in examples if example.length <= longest_trained)
    beyond = _shares(example for example in examples if example.length > longest_trained)
    parts = {
        str(length): _shares(example for example in examples if example.length == length)
        for length in sorted(set(lengths))
    }
    return Report(within | {f"{name}_beyond": share for name, share in beyond.items()}, parts=parts)


def _grade(predicted: Sequence[object], true: Sequence[object], length: int) -> Graded:
    right = sum(guess == token for guess, token in zip(predicted, true, strict=False))
    return Graded(length, list(predicted) == list(true), right, len(true))


def _shares(examples: Iterable[Graded]) -> Figures:
    graded = list(examples)
    if not graded:
        return {}
    return {
        "exact_match": percent(sum(example.is_exact for example in graded), len(graded)),
        "token_accuracy": percent(sum(example.right for example in graded), sum(example.tokens for example in graded)),
        "sequences": len(graded),
    }
