import pytest

from cutaway.errors import UserError
from cutaway.metrics.values import regression_report
from support import require_module


@pytest.fixture(autouse=True)
def _needs_scipy() -> None:
    require_module("scipy")


def test_correlations_ignore_the_scale_and_the_error_does_not() -> None:
    true = [1.0, 2.0, 4.0, 8.0]
    figures = regression_report([2 * value + 1 for value in true], true).figures
    assert figures == pytest.approx({"pearson": 1, "spearman": 1, "mean_squared_error": (4 + 9 + 25 + 81) / 4})


def test_spearman_asks_for_order_alone() -> None:
    figures = regression_report([1.0, 10.0, 1000.0], [-3.0, -2.0, -1.0]).figures
    assert figures["spearman"] == pytest.approx(1)
    assert figures["pearson"] < 0.95


def test_the_opposite_order_is_minus_one() -> None:
    assert regression_report([3.0, 1.0], [1.0, 3.0]).figures["pearson"] == pytest.approx(-1)


@pytest.mark.parametrize(("predicted", "true"), [([5.0, 5.0], [1.0, 2.0]), ([1.0, 2.0], [5.0, 5.0])])
def test_a_constant_correlates_with_nothing(predicted: list[float], true: list[float]) -> None:
    figures = regression_report(predicted, true).figures
    assert figures == {"pearson": 0, "spearman": 0, "mean_squared_error": 12.5}


def test_one_example_does_not_correlate() -> None:
    with pytest.raises(UserError, match="two examples"):
        regression_report([1.0], [2.0])
