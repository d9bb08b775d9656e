"""Captions against references."""

from collections.abc import Sequence

from cutaway.metrics.report import Report, check_counts, percent
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import bleu


def caption_report(hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a") -> Report:
    """Exact match (the fraction of captions that are right word for word), BLEU and ROUGE-L.

    Args:
        hypotheses: generated captions.
        references: in the same order.
        tokenize: the tokenization of BLEU, as in `bleu`.

    Raises:
        UserError: unequal counts, no examples, an unknown tokenizer, or a library is not installed.
    """
    check_counts(hypotheses, references)
    exact = sum(text.split() == wanted.split() for text, wanted in zip(hypotheses, references, strict=True))
    translated, summed_up = bleu(hypotheses, references, tokenize=tokenize), rouge(hypotheses, references)
    others = {"bleu": translated, "rouge_l": summed_up}
    return Report(
        {"exact_match": percent(exact, len(references)), **{name: r.figures[name] for name, r in others.items()}},
        signatures={name: r.signatures[name] for name, r in others.items()},
    )
