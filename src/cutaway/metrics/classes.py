"""Classification of texts, with one or several classes each, by scikit-learn."""

from collections.abc import Collection, Sequence

from cutaway.errors import UserError, nearest
from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts, rows_by_class


def classification_report(predicted: Sequence[str], true: Sequence[str], labels: Sequence[str]) -> Report:
    """Accuracy, macro F1, and the precision, recall, F1 and support of every class, with one class per example.

    Args:
        predicted: the predicted class of each example.
        true: the true class.
        labels: all classes, in the order of the report.

    Raises:
        UserError: for the reasons given in `multi_label_report`.
    """
    report = multi_label_report([[label] for label in predicted], [[label] for label in true], labels)
    figures = report.figures  # with one class each, exact match is accuracy
    return Report({"accuracy": figures["exact_match"], "macro_f1": figures["macro_f1"]}, parts=report.parts)


def multi_label_report(
    predicted: Sequence[Collection[str]], true: Sequence[Collection[str]], labels: Sequence[str]
) -> Report:
    """Exact match, micro and macro F1, and the figures of every class, with any number of classes per example.

    Exact match compares whole sets of classes. Macro F1 is the mean over the classes that are true or predicted for
    some example. 0 / 0 counts as 0.

    Args:
        predicted: the predicted classes of each example.
        true: the true classes.
        labels: all classes, in the order of the report.

    Raises:
        UserError: unequal counts, no examples, fewer than two labels, an unknown class (with its example), or
            scikit-learn is not installed.
    """
    check_counts(predicted, true)
    if len(labels) < 2:
        raise UserError(f"a report by class needs at least two classes, not {len(labels)}")
    _check_labels(true, labels)
    _check_labels(predicted, labels)
    metrics = load_library("sklearn.metrics", "scikit-learn", "a report by class")
    preprocessing = load_library("sklearn.preprocessing", "scikit-learn", "a report by class")
    # One row per example, one column per class.
    has_class, says_class = map(preprocessing.MultiLabelBinarizer(classes=labels).fit_transform, (true, predicted))
    columns = metrics.precision_recall_fscore_support(has_class, says_class, average=None, zero_division=0)
    occurring = (has_class | says_class).any(axis=0)
    figures = {
        "exact_match": 100 * float((has_class == says_class).all(axis=1).mean()),
        "micro_f1": 100 * float(metrics.f1_score(has_class, says_class, average="micro", zero_division=0)),
        "macro_f1": 100 * float(columns[2][occurring].mean()) if occurring.any() else 0.0,
    }
    return Report(figures, parts=rows_by_class(labels, *columns))


def _check_labels(sets: Sequence[Collection[str]], labels: Sequence[str]) -> None:
    for number, given in enumerate(sets, start=1):
        for label in given:
            if label not in labels:
                raise UserError(f"example {number}: {label!r} is not a class of this model; {nearest(label, labels)}")
