"""A batch is its examples: what is padded has no say, and every sum is that of the examples one by one."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from cutaway.nn.losses import IGNORED
from cutaway.tasks.classification import SequenceClassification, balanced_weights
from cutaway.tasks.labels import LabelledRow
from cutaway.tasks.language_modeling.task import LanguageModeling
from tasks.pupils import PUPILS, Pupil
from training.setups import VOCABULARY, small_model
from variants import variant

CPU = torch.device("cpu")
MASKS = {"attention_mask", "source_mask"}


def sums(pupil: Pupil, model: torch.nn.Module, rows: Sequence[object]) -> Counter[str]:
    """Everything that is measured of these rows, and what training sums up."""
    batch = pupil.objective.collate(pupil.batch(rows), CPU)
    loss, count = pupil.objective.loss(model, batch)
    measured = {name: value.item() for name, value in pupil.objective.measure(model, batch).items()}
    return Counter({**measured, "trained loss": loss.item(), "trained count": count.item()})


@pytest.mark.parametrize("name", PUPILS)
def test_a_batch_is_the_sum_of_its_examples(name: str) -> None:
    pupil = PUPILS[name]
    model = variant(**pupil.model).eval()
    rows = pupil.rows
    batch = pupil.objective.collate(pupil.batch(rows), CPU)
    is_padded = bool(MASKS & batch.keys() or (batch["targets"] == IGNORED).any())
    assert is_padded or not pupil.masks, "else it is easy"
    with torch.no_grad():
        together = sums(pupil, model, rows)
        alone = [sums(pupil, model, [row]) for row in rows]
    names = together.keys()
    assert {"loss", "count", "correct"} <= names
    assert {name: sum(one[name] for one in alone) for name in names} == pytest.approx(dict(together), rel=1e-5)


@pytest.mark.parametrize("name", PUPILS)
def test_the_same_lengths_need_no_mask(name: str) -> None:
    pupil = PUPILS[name]
    assert not MASKS & pupil.objective.collate(pupil.batch([pupil.rows[1]] * 2), CPU).keys()
    assert len(MASKS & pupil.objective.collate(pupil.batch(pupil.rows), CPU).keys()) == pupil.masks


@pytest.mark.parametrize("name", PUPILS)
def test_what_is_measured_is_scored_by_its_count(name: str) -> None:
    pupil = PUPILS[name]
    sums = {"loss": 12.0, "count": 8, "correct": 2, "rows": 4, "right_rows": 3}
    figures = pupil.objective.score(sums)
    assert (figures["loss"], figures["accuracy"]) == (1.5, 0.25)
    assert figures.get("exact", 0.75) == 0.75


def test_text_is_the_sum_of_its_windows() -> None:
    model, task = small_model().eval(), LanguageModeling()
    inputs, targets = np.random.default_rng(0).integers(VOCABULARY, size=(2, 3, 7))
    targets[1, 4:] = IGNORED

    def loss(rows: slice) -> torch.Tensor:
        return task.loss(model, task.collate((inputs[rows], targets[rows]), CPU))[0]

    assert loss(slice(None)).item() == pytest.approx(sum(loss(slice(i, i + 1)).item() for i in range(3)), rel=1e-5)


def test_balanced_labels_weigh_the_same_together() -> None:
    targets = [2, 0, 0, 0, 2, 0, 0]
    weights = balanced_weights(targets, 3)
    together = [weights[label] * targets.count(label) for label in (0, 2)]
    assert together == pytest.approx([len(targets) / 3] * 2)
    assert weights[1] == pytest.approx(len(targets) / 3), "one that never occurs counts as if it did once"
    assert sum(balanced_weights([1, 0, 0, 1, 0], 2)[label] for label in (1, 0, 0, 1, 0)) == pytest.approx(5)


@pytest.mark.parametrize("balanced", [True, False])
def test_balance_takes_the_bias_from_who_guesses(balanced: bool) -> None:
    """Who thinks all labels alike is pulled to the frequent ones, unless they count less."""
    labels = [0, 0, 0, 1]
    rows = [LabelledRow([5 + i, 6], 2, (float(label),)) for i, label in enumerate(labels)]
    model = small_model(architecture="encoder", head={"kind": "sequence", "labels": 2})
    torch.nn.init.zeros_(model.head.projection.weight)
    task = SequenceClassification("single_label", balanced_weights(labels, 2) if balanced else None)
    batch = task.collate(rows, CPU)
    loss, count = task.loss(model, batch)
    loss.backward()
    assert loss.item() / count.item() == pytest.approx(np.log(2))
    assert model.head.projection.bias.grad.tolist() == pytest.approx([0, 0] if balanced else [-1, 1], abs=1e-6)
    assert task.measure(model, batch)["loss"].item() == pytest.approx(4 * np.log(2)), "what is measured is unweighted"
