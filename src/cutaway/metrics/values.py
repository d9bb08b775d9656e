"""Predicted numbers against true ones, by SciPy."""

from collections.abc import Callable, Sequence
from typing import Any

from cutaway.errors import UserError
from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts


def regression_report(predicted: Sequence[float], true: Sequence[float]) -> Report:
    """Pearson's and Spearman's correlation, from -1 to 1, and the mean squared error.

    The correlation of a constant is reported as 0.

    Args:
        predicted: the predicted number of each example.
        true: the true number.

    Raises:
        UserError: unequal counts, fewer than two examples, or SciPy is not installed.
    """
    check_counts(predicted, true)
    if len(true) < 2:
        raise UserError("a correlation needs at least two examples")
    stats = load_library("scipy.stats", "scipy", "a correlation")

    def correlation(measure: Callable[..., Any]) -> float:
        is_constant = len(set(predicted)) == 1 or len(set(true)) == 1
        return 0.0 if is_constant else float(measure(predicted, true).statistic)

    errors = [(guess - value) ** 2 for guess, value in zip(predicted, true, strict=True)]
    return Report(
        {
            "pearson": correlation(stats.pearsonr),
            "spearman": correlation(stats.spearmanr),
            "mean_squared_error": sum(errors) / len(errors),
        }
    )
