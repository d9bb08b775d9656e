"""Extractive answers, graded as in SQuAD.

The official evaluation is a script, not a library, so its equations are implemented here.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

from cutaway.metrics.report import Report, check_counts

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def answer_report(predicted: Sequence[str], answers: Sequence[Sequence[str]]) -> Report:
    """Exact match and F1 over words, each for the best of a question's answers (Rajpurkar et al. 2016, section 6.1).

    Case, punctuation, articles and white space are ignored. The right answer to an unanswerable question is the empty
    text (Rajpurkar et al. 2018).
    answered by nothing (Rajpurkar et al. 2018).

    Args:
        predicted: one answer per question.
        answers: all right answers per question.

    Raises:
        UserError: unequal counts, or no questions.
    """
    check_counts(predicted, answers)

    def mean_of_best(score: Callable[[str, str], float]) -> float:
        best = [
            max(score(text, answer) for answer in known or [""]) for text, known in zip(predicted, answers, strict=True)
        ]
        return 100 * sum(best) / len(best)

    return Report({"exact_match": mean_of_best(_exact_match), "f1": mean_of_best(_f1)})


def normalize(text: str) -> str:
    """The text in lower case, without punctuation and articles, with single spaces between words."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def _exact_match(text: str, answer: str) -> float:
    return float(normalize(text) == normalize(answer))


def _f1(text: str, answer: str) -> float:
    """The harmonic mean of precision and recall, 2 · |shared| / (|text| + |answer|), over words with their counts."""
    words, wanted = Counter(normalize(text).split()), Counter(normalize(answer).split())
    total = words.total() + wanted.total()
    return 2 * (words & wanted).total() / total if total else 1.0
