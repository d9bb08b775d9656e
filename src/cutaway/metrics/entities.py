"""Named entities as tags of words, by seqeval."""

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from cutaway.errors import UserError, counted
from cutaway.metrics.libraries import load_library
from cutaway.metrics.report import Report, check_counts, percent, rows_by_class

LIKE = {"L": "E", "U": "S", "M": "I", "W": "S"}
"""Prefixes of BILOU and BMEWO, and what they are called in BIOES."""
PREFIXES = "BIES" + "".join(LIKE)
TAG = re.compile(rf"O|[{PREFIXES}](-.+)?")


def entity_report(predicted: Sequence[Sequence[str]], true: Sequence[Sequence[str]]) -> Report:
    """Entity precision, recall and F1, overall (micro) and by type, and the accuracy of the tags.

    An entity is right if its first word, last word and type are. Entities are delimited as by CoNLL's conlleval (Tjong
    Kim Sang & De Meulder 2003), which is seqeval's default and what most papers report, not by its strict mode: an I-
    tag that follows no tag of its type starts an entity. So IOB1 and IOB2 are read alike. BIOES and, by other letters,
    BILOU and BMEWO mark the last word of an entity (E, L) and an entity of one word (S, U, W) too.

    Args:
        predicted: for each text, a tag per word: O, or B-, I-, E-, S-, L-, U-, M- or W- and the type (without -, one
            type only).
        true: the true tags.

    Raises:
        UserError: unequal counts of texts, or of tags in one of them (with both counts); no texts; a malformed tag; or
            seqeval is not installed.
    """
    _check_tags(predicted, true)
    seqeval = load_library("seqeval.metrics.sequence_labeling", "seqeval", "entity F1")
    guessed, wanted = ([[_in_bioes(tag) for tag in tags] for tags in texts] for texts in (predicted, true))
    precision, recall, f1, _ = seqeval.precision_recall_fscore_support(
        wanted, guessed, average="micro", zero_division=0
    )
    types = sorted({kind for kind, _, _ in seqeval.get_entities(wanted) + seqeval.get_entities(guessed)})
    columns = seqeval.precision_recall_fscore_support(wanted, guessed, average=None, zero_division=0)
    pairs = [pair for texts in zip(guessed, wanted, strict=True) for pair in zip(*texts, strict=True)]
    return Report(
        {
            "entity_precision": 100 * float(precision),
            "entity_recall": 100 * float(recall),
            "entity_f1": 100 * float(f1),
            "accuracy": percent(sum(guess == tag for guess, tag in pairs), len(pairs)),
        },
        signatures={"entity_f1": f"average:micro|mode:conlleval|version:seqeval-{version('seqeval')}"},
        parts=rows_by_class(types, *columns),
    )


def are_entities(tags: Iterable[str]) -> bool:
    """Whether all tags are entity tags of a known scheme: O, or B-, I-, E-, S-, L-, U-, M- or W- and a type."""
    return all(TAG.fullmatch(tag) for tag in tags)


def _in_bioes(tag: str) -> str:
    return LIKE.get(tag[0], tag[0]) + tag[1:]


def _check_tags(predicted: Sequence[Sequence[str]], true: Sequence[Sequence[str]]) -> None:
    check_counts(predicted, true)
    for number, (guess, tags) in enumerate(zip(predicted, true, strict=True), start=1):
        if len(guess) != len(tags):
            raise UserError(
                f"text {number}: {counted(len(guess), 'predicted tag')} for {counted(len(tags), 'word')}: "
                f"give one for each"
            )
        for tag in [*tags, *guess]:
            if not TAG.fullmatch(tag):
                raise UserError(
                    f"text {number}: {tag!r} is not an entity tag: write O, or B- or I- and the type, like B-PER"
                )
