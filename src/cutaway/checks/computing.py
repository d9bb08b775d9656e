"""Logits must not depend on how and where they are computed."""

from copy import deepcopy
from itertools import chain

import torch
from torch import Tensor

from cutaway.checks.batch import join, kept, logits
from cutaway.checks.measure import ROUNDING, Measurement, NotForThis, difference, repeated
from cutaway.checks.subject import Subject
from cutaway.model.device import autocast, device_of
from cutaway.model.formats import is_unrounded
from cutaway.tap import capture

BF16_DRIFT = 0.1
"""How far the logits of most tokens may differ in bf16, which has 8 bits, relative to the largest."""


def fused_equals_plain(subject: Subject) -> Measurement:
    """Compares the fused kernels with the plain equation, which runs under a capture; padded or not."""
    short = (join(subject.even), join(subject.ragged, "left"), join(subject.ragged, "right"))
    batches = (*short, join(subject.long[:1]), join(subject.long, "left"))
    fused = [kept(logits(subject.model, batch), batch) for batch in batches]
    with capture(subject.model, edits={"*.pattern": _unchanged}):  # recorded, those of all layers would fill the memory
        plain = [kept(logits(subject.model, batch), batch) for batch in batches]
    return Measurement(difference(chain(*fused), chain(*plain)), ROUNDING)


def passes_are_equal(subject: Subject) -> Measurement:
    """Compares two runs."""
    batch = join(subject.even)
    moved = difference(*(logits(subject.model, batch) for _ in range(2)))
    return Measurement(moved, repeated(device_of(subject.model)))


def bf16_is_near(subject: Subject) -> Measurement:
    """Compares matrix products in bf16, as in training and generation, and in fp32.

    The median over tokens is measured: some tokens may use other experts, whose scores are nearly equal.
    """
    batch = join(subject.even)
    exact = logits(subject.model, batch)
    with autocast(device_of(subject.model), torch.bfloat16):
        rough = logits(subject.model, batch)
    drifts = (rough - exact).abs().amax(dim=-1)
    return Measurement(float(drifts.median() / exact.abs().max()), BF16_DRIFT)


def processor_equals_device(subject: Subject) -> Measurement | NotForThis:
    """Compares the device in use with the CPU."""
    device = device_of(subject.model)
    if device.type == "cpu":
        return NotForThis("it is on the CPU: choose another with --device")
    batch = join(subject.even)
    there, here = logits(subject.model, batch), logits(deepcopy(subject.model).cpu(), batch)
    return Measurement(difference(there, here), ROUNDING)


def reference_is_equal(subject: Subject) -> Measurement | NotForThis:
    """Compares with the reference, padded on the right or not: not all references have positions for left padding."""
    if subject.reference is None:
        return NotForThis("no transformers folder" if is_unrounded(subject.loaded) else "its weights are rounded")
    found, expected = [], []
    for batch in (join(subject.even), join(subject.ragged), join(subject.long)):
        found += kept(logits(subject.model, batch), batch)
        expected += kept(subject.reference(batch.inputs, **batch.arguments).float().cpu(), batch)
    return Measurement(difference(found, expected), ROUNDING)


def _unchanged(name: str, pattern: Tensor) -> None:
    """An edit of nothing."""
