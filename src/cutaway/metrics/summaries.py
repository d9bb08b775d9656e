"""Summaries against references: ROUGE, by rouge-score."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts

NAMES = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
"""From our names to the library's."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that write no spaces between words: each of their characters is a word."""
WORD = rf"(?V1)[{UNSPACED}]\p{{M}}*|(?:[\p{{L}}\p{{N}}--[{UNSPACED}]]\p{{M}}*)+"
"""Letters and digits with their marks."""


def rouge(hypotheses: Sequence[str], references: Sequence[str]) -> Report:
    """ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004): F1 in percent, averaged over the examples, with Porter's stemmer.

    A text is lower-cased and split into runs of letters and digits of any script, where each character of a script
    without spaces, such as Chinese or Thai, is a word. Words of a–z and 0–9 are stemmed. For text in ASCII, the figures
    are those of rouge-score, which ignores all other characters. A text without letters or digits scores 0.

    Args:
        hypotheses: generated summaries.
        references: in the same order.

    Raises:
        UserError: unequal counts, no examples, or rouge-score is not installed.
    """
    check_counts(hypotheses, references)
    library = load_library("rouge_score.rouge_scorer", "rouge-score", "ROUGE")
    scorer = library.RougeScorer(list(NAMES.values()), tokenizer=_Tokenizer())
    scores = [scorer.score(reference, text) for text, reference in zip(hypotheses, references, strict=True)]
    figures = {
        name: 100 * sum(score[theirs].fmeasure for score in scores) / len(scores) for name, theirs in NAMES.items()
    }
    signature = f"f1|mean:examples|stem:porter-ascii|words:unicode|version:rouge-score-{version('rouge-score')}"
    return Report(figures, signatures=dict.fromkeys(figures, signature))


class _Tokenizer:
    """What rouge-score calls to split a text into words."""

    def __init__(self) -> None:
        self._word = load_library("regex", "rouge-score", "ROUGE").compile(WORD)  # rouge-score requires it
        theirs: Any = load_library("rouge_score.tokenizers", "rouge-score", "ROUGE").DefaultTokenizer(use_stemmer=True)
        self._stemmed = lru_cache(maxsize=1 << 16)(theirs.tokenize)

    def tokenize(self, text: str) -> list[str]:
        words = self._word.findall(text.lower())
        return [stem for word in words for stem in (self._stemmed(word) if word.isascii() else (word,))]
