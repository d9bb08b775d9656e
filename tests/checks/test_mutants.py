"""A sound model passes everything; each bug that is planted is found by the property that is meant to find it."""

import pytest
import torch

from checks.far_mutants import FAR_MUTANTS
from checks.mutants import MUTANTS, Mutant
from checks.subjects import SUBJECTS, subject
from cutaway.checks.measure import Measurement
from cutaway.checks.properties import PROPERTIES, check
from cutaway.data.text.windows import RandomWindows
from data.text.test_windows import test_random_targets_follow_their_inputs as targets_follow

ALL_MUTANTS = (*MUTANTS, *FAR_MUTANTS)
BY_NAME = {tested.name: tested for tested in PROPERTIES}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_sound_model_passes_everything(name: str) -> None:
    found = {tested.name: outcome for tested, outcome in check(subject(name))}
    assert list(found) == list(BY_NAME)
    measured = {tested: outcome for tested, outcome in found.items() if isinstance(outcome, Measurement)}
    assert len(measured) >= 13
    assert {tested: outcome for tested, outcome in measured.items() if not outcome.passes} == {}


@pytest.mark.parametrize("mutant", ALL_MUTANTS, ids=lambda mutant: f"{mutant.plant.__name__} of a {mutant.of}")
@torch.no_grad()
def test_a_bug_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = subject(mutant.of)
    mutant.plant(broken, monkeypatch)
    found = BY_NAME[mutant.caught_by].measure(broken)
    assert isinstance(found, Measurement)
    assert not found.passes
    assert mutant.culprit in found.culprit


def test_every_property_finds_a_bug() -> None:
    assert {mutant.caught_by for mutant in ALL_MUTANTS} == set(BY_NAME)


def test_shifted_labels_are_found_where_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """No property of a model tells what it was to learn."""
    right = RandomWindows.__getitem__
    monkeypatch.setattr(RandomWindows, "__getitem__", lambda self, index: (right(self, index)[0],) * 2)
    with pytest.raises(AssertionError):
        targets_follow()
