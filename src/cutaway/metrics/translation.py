"""Translations against references: BLEU and chrF, by sacrebleu."""

from collections.abc import Sequence

from cutaway.errors import UserError, nearest
from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts

TOKENIZERS = ("13a", "none", "intl", "char", "zh")
"""Sacrebleu's tokenizers that need no further package or download."""


def bleu(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> Report:
    """Corpus BLEU (Papineni et al. 2002) and chrF (Popović 2015), with one hypothesis and one reference per source.

    The signatures say how they were computed, for comparison with published figures (Post 2018, "A Call for Clarity in
    Reporting BLEU Scores"). Corpus BLEU is 0 if no hypothesis has four words.

    Args:
        hypotheses: generated translations.
        references: in the same order.
        tokenize: the tokenization of BLEU, one of `TOKENIZERS`: "13a" for plain text, "none" for tokenized text.
        lowercase: whether both figures ignore case.

    Raises:
        UserError: unequal counts, no examples, an unknown tokenizer, or sacrebleu is not installed.
    """
    check_counts(hypotheses, references)
    check_tokenizer(tokenize)
    sacrebleu = load_library("sacrebleu.metrics", "sacrebleu", "BLEU")
    metrics = {
        # With `force`, it does not advise to detokenize text that is meant to be tokenized.
        "bleu": sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase, force=tokenize == "none"),
        "chrf": sacrebleu.CHRF(lowercase=lowercase),
    }
    figures = {name: metric.corpus_score(hypotheses, [references]).score for name, metric in metrics.items()}
    return Report(figures, signatures={name: str(metric.get_signature()) for name, metric in metrics.items()})


def check_tokenizer(name: str) -> None:
    """Requires one of `TOKENIZERS`.

    Raises:
        UserError: it is not one of them.
    """
    if name not in TOKENIZERS:
        raise UserError(f"BLEU has no tokenizer {name!r}; {nearest(name, TOKENIZERS)}")
