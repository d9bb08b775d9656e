"""Captions are right or wrong as a whole, and partly right by the words that they share."""

import pytest

from cutaway.metrics.captions import caption_report
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import bleu
from support import require_module

WRITTEN = ["a red circle left of a blue square", "a red  circle above a blue square ", "a Red circle in a blue square"]
TRUE = ["a red circle left of a blue square", "a red circle above a blue square", "a red circle in a blue square"]


def test_captions_are_exact_word_for_word() -> None:
    require_module("sacrebleu")
    require_module("rouge_score")
    report = caption_report(WRITTEN, TRUE, tokenize="none")
    assert report.figures["exact_match"] == pytest.approx(100 * 2 / 3), "white space is none of the words, case is"
    assert report.figures["bleu"] == bleu(WRITTEN, TRUE, tokenize="none").figures["bleu"] < 100
    assert report.figures["rouge_l"] == rouge(WRITTEN, TRUE).figures["rouge_l"]
    assert set(report.signatures) == {"bleu", "rouge_l"}
