"""Logits must not depend on the rest of the batch or on padding."""

from cutaway.checks.batch import Side, join, kept, logits, with_other_padding
from cutaway.checks.measure import ROUNDING, Measurement, NotForThis, difference
from cutaway.checks.subject import Subject


def batch_equals_one_by_one(subject: Subject) -> Measurement:
    """Compares the logits of texts of one length in a batch and alone."""
    together = logits(subject.model, join(subject.even))
    alone = [logits(subject.model, one)[0] for one in subject.even]
    return Measurement(difference(together, alone), ROUNDING)


def padded_left_equals_alone(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits of texts padded on the left and alone."""
    return _padded_equals_alone(subject, "left")


def padded_right_equals_alone(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits of texts padded on the right and alone."""
    return _padded_equals_alone(subject, "right")


def padding_is_inert(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits of padded texts with different padding, on either side."""
    found, expected = [], []
    for side in ("left", "right"):
        padded = join(subject.ragged, side)
        if padded.attention_mask is None:
            return NotForThis(SAME_SIZE)
        other = with_other_padding(padded, join(subject.even))
        found += kept(logits(subject.model, other), padded)
        expected += kept(logits(subject.model, padded), padded)
    return Measurement(difference(found, expected), ROUNDING)


def _padded_equals_alone(subject: Subject, side: Side) -> Measurement | NotForThis:
    if join(subject.ragged, side).attention_mask is None:
        return NotForThis(SAME_SIZE)
    found, expected = [], []
    for examples in (subject.ragged, subject.long):
        padded = join(examples, side)
        found += kept(logits(subject.model, padded), padded)
        expected += [logits(subject.model, one)[0] for one in examples]
    return Measurement(difference(found, expected), ROUNDING)


SAME_SIZE = "all its inputs have the same size: nothing is padded"
