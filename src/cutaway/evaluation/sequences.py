"""Measuring a model that computes on sequences of its own making."""

from collections.abc import Iterator, Sequence

from cutaway.config.run import RunConfig
from cutaway.metrics.exact import sequence_report
from cutaway.metrics.report import Report
from cutaway.nn.losses import IGNORED
from cutaway.pipeline import Pipeline
from cutaway.runs.generated import SequenceRow, make_rows, shortest
from cutaway.tasks.algorithmic.config import AlgorithmicConfig

WITHIN, BEYOND = 10_000, 1_000
"""How many sequences are graded: of all lengths of training together, and of each greater length."""
LONGER = 2
"""How many symbols longer than in training the longest sequences are."""


def measure_sequences(pipeline: Pipeline, task: AlgorithmicConfig) -> Report:
    """Shares of sequences that are right throughout; those longer than in training apart, if the model takes them."""
    graded = list(_graded(pipeline.config, task))
    found = pipeline.compute(task.operation, [row.tokens for _, row in graded])
    return sequence_report(
        [_counting(symbols, row) for symbols, (_, row) in zip(found, graded, strict=True)],
        [_counting(row.targets, row) for _, row in graded],
        [length for length, _ in graded],
        task.length,
    )


def _graded(config: RunConfig, task: AlgorithmicConfig) -> Iterator[tuple[int, SequenceRow]]:
    """Held-out sequences, each with its length as its task counts it."""
    trained = range(shortest(task), task.length + 1)
    for length in range(shortest(task), task.length + LONGER + 1):
        count = -(-WITHIN // len(trained)) if length in trained else BEYOND
        for row in make_rows(task, count, length, config.train.seed + 1, held_out=True):
            if len(row.tokens) <= config.model.context:
                yield length, row


def _counting(symbols: Sequence[int], row: SequenceRow) -> list[int]:
    """The symbols in those places where the row has a target."""
    return [symbol for symbol, target in zip(symbols, row.targets, strict=True) if target != IGNORED]
