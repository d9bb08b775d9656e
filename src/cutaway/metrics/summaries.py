"""Summaries against references: ROUGE, by rouge-score."""

from collections.abc import Sequence
from importlib.metadata import version

from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts

NAMES = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
"""From our names to the library's."""


def rouge(hypotheses: Sequence[str], references: Sequence[str]) -> Report:
    """ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004): F1 in percent, averaged over the examples, with Porter's stemmer.

    A text is lower-cased and split into runs of a–z and 0–9, as in Lin's own program: other scripts are ignored, and a
    text without any of these characters scores 0.

    Args:
        hypotheses: generated summaries.
        references: in the same order.

    Raises:
        UserError: unequal counts, no examples, or rouge-score is not installed.
    """
    check_counts(hypotheses, references)
    library = load_library("rouge_score.rouge_scorer", "rouge-score", "ROUGE")
    scorer = library.RougeScorer(list(NAMES.values()), use_stemmer=True)
    scores = [scorer.score(reference, text) for text, reference in zip(hypotheses, references, strict=True)]
    figures = {
        name: 100 * sum(score[theirs].fmeasure for score in scores) / len(scores) for name, theirs in NAMES.items()
    }
    signature = f"f1|mean:examples|stem:porter|chars:a-z0-9|version:rouge-score-{version('rouge-score')}"
    return Report(figures, signatures=dict.fromkeys(figures, signature))
