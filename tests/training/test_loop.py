"""One step, and a run of them: the gradient of the whole batch's mean, and nothing that depends on chance."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cutaway.errors import JobError
from cutaway.model.run_folder import read_weights
from cutaway.nn.losses import IGNORED
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.callbacks import Callback, Metrics
from cutaway.training.checkpoints import Checkpoints
from training.setups import CONTEXT, VOCABULARY, Fixed, same, small_model, trainer, training_data, weights

OPTIMIZERS = ["adamw", "muon"]


def uneven(rows: int = 6) -> TrainingData:
    """Examples of which the later ones have fewer and fewer targets that count, and the last has none."""
    rng = np.random.default_rng(3)
    inputs, targets = (rng.integers(VOCABULARY, size=(rows, CONTEXT)) for _ in range(2))
    for i in range(rows):
        targets[i, CONTEXT - i * CONTEXT // (rows - 1) :] = IGNORED
    return TrainingData(LanguageModeling(), Fixed((inputs, targets)), None)


def three_steps(folder: Path, content: TrainingData, **choices: Any) -> tuple[list[Any], dict[str, torch.Tensor]]:
    model = small_model()
    learner = trainer(folder, model, content, **choices)
    return [learner.step(i, 1.0) for i in range(3)], weights(model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("parts", [2, 3, 6])
def test_a_batch_in_parts_equals_the_whole(tmp_path: Path, parts: int, optimizer: str) -> None:
    choices = {"optimizer": {"kind": optimizer, "learning_rate": 0.01}, "batch_size": 6, "gradient_clip": 0.5}
    whole, whole_weights = three_steps(tmp_path, uneven(), **choices)
    found, found_weights = three_steps(tmp_path, uneven(), **choices, gradient_accumulation=parts)
    assert found == [pytest.approx(figures, rel=1e-5) for figures in whole]
    for name, weight in whole_weights.items():
        assert torch.allclose(found_weights[name], weight, atol=2e-5), name


def gradient_of_a_step(folder: Path, monkeypatch: pytest.MonkeyPatch, **choices: Any) -> tuple[Any, torch.Tensor]:
    """What a step returns, and the gradient that it hands to the optimizer."""
    model, gradients = small_model(), []
    learner = trainer(folder, model, uneven(), **choices)
    monkeypatch.setattr(
        "cutaway.training.optimizers.Optimizer.step",
        lambda _: gradients.append(torch.cat([weight.grad.flatten() for weight in model.parameters()])),
    )
    return learner.step(0, 1.0), gradients[0]


@pytest.mark.parametrize("parts", [1, 3])
def test_the_gradient_is_that_of_the_mean_over_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    (loss, norm, count), gradient = gradient_of_a_step(tmp_path, monkeypatch, batch_size=6, gradient_accumulation=parts)
    model, content = small_model(), uneven()
    total, targets = content.objective.loss(model, content.objective.collate(content.training[0], torch.device("cpu")))
    mean = total / targets
    mean.backward()
    expected = torch.cat([weight.grad.flatten() for weight in model.parameters()])
    assert torch.allclose(gradient, expected, atol=1e-6)
    assert loss == pytest.approx(mean.item(), rel=1e-6)
    assert norm == pytest.approx(expected.norm().item(), rel=1e-5)
    assert count == targets == (content.training[0][1] != IGNORED).sum()


def test_clipping_shortens_a_long_gradient_and_keeps_its_direction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, norm, _), free = gradient_of_a_step(tmp_path, monkeypatch)
    (same_norm, clipped), (_, untouched) = (
        (figures[1], gradient)
        for figures, gradient in (
            gradient_of_a_step(tmp_path, monkeypatch, gradient_clip=share * norm) for share in (0.25, 4.0)
        )
    )
    assert same_norm == norm
    assert torch.allclose(clipped, free / 4, atol=1e-7)
    assert torch.equal(untouched, free)


def test_a_batch_without_targets_teaches_nothing(tmp_path: Path) -> None:
    model, empty = small_model(), np.full((4, CONTEXT), IGNORED)
    nothing = TrainingData(LanguageModeling(), Fixed((np.zeros((4, CONTEXT), int), empty)), None)
    before = weights(model)
    assert trainer(tmp_path, model, nothing, optimizer={"weight_decay": 0.0}).step(0, 1.0) == (0, 0, 0)
    assert same(weights(model), before)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_two_runs_of_one_seed_are_equal_bit_for_bit(tmp_path: Path, optimizer: str) -> None:
    def run(name: str, seed: int) -> dict[str, torch.Tensor]:
        model = small_model(dropout=0.3)  # the same weights whatever the seed: batches and dropout differ
        trainer(tmp_path / name, model, seed=seed, steps=4, optimizer=optimizer).run()
        return weights(model)

    torch.manual_seed(1)
    first = run("first", seed=1)
    torch.manual_seed(2)  # whatever else a process drew before
    assert same(run("again", seed=1), first)
    other = run("other", seed=2)
    assert not any(torch.equal(other[name], first[name]) for name in first)


def test_dropout_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    content = uneven()

    def loss(seed: int, step: int) -> float:
        return trainer(tmp_path, small_model(dropout=0.5).train(), content, seed=seed).step(step, 1.0)[0]

    assert loss(3, 5) == loss(3, 5)
    assert len({loss(seed, step) for seed in (3, 4) for step in (5, 6)}) == 4


class Notes(Callback):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.steps: list[int] = []
        self.figures: dict[str, list[dict[str, float]]] = {"log": [], "evaluate": []}

    def start(self, progress: Any) -> None:
        self.events.append(("start", progress.step))

    def log(self, progress: Any, figures: dict[str, float]) -> None:
        self.events.append(("log", progress.step))
        self.figures["log"].append(figures)

    def evaluate(self, progress: Any, figures: dict[str, float]) -> None:
        self.events.append(("evaluate", progress.step))
        self.figures["evaluate"].append(figures)

    def step(self, progress: Any) -> None:
        self.steps.append(progress.step)

    def finish(self, progress: Any) -> None:
        self.events.append(("finish", progress.step))


def test_everything_falls_due_when_it_says(tmp_path: Path) -> None:
    notes = Notes()
    progress = trainer(tmp_path, callbacks=[notes], steps=8, log_every=3, evaluate_every=4, keep=9, save_every=5).run()
    assert notes.events == [
        ("start", 0),
        ("log", 3),
        ("evaluate", 4),
        ("log", 6),
        ("log", 8),
        ("evaluate", 8),
        ("finish", 8),
    ]
    assert notes.steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {path.name for path in (tmp_path / "checkpoints").glob("step-*")} == {"step-0", "step-5", "step-8"}
    assert (progress.step, progress.tokens) == (8, 8 * 4 * CONTEXT)


def test_logs_are_on_disk_before_the_checkpoint_that_they_belong_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    path = tmp_path / "metrics.jsonl"
    monkeypatch.setattr("cutaway.training.callbacks.sync", lambda path: events.append(path.name))
    save = Checkpoints.save
    monkeypatch.setattr(Checkpoints, "save", lambda *given: events.append(f"step {given[3].step}") or save(*given))
    trainer(tmp_path, callbacks=[Metrics(path)], steps=4, log_every=1, save_every=2, evaluate_every=9).run()
    assert events == ["step 0", "metrics.jsonl", "step 2", "metrics.jsonl", "step 4", "metrics.jsonl", "step 4"]


def test_the_log_tells_the_mean_since_the_line_before(tmp_path: Path) -> None:
    notes, learner = Notes(), trainer(tmp_path / "steps")
    schedule = {"kind": "linear", "warmup": 2}
    trainer(tmp_path, callbacks=[notes], steps=5, log_every=3).run()
    losses, norms, counts = zip(*(learner.step(i, 1.0) for i in range(5)), strict=True)
    means = [sum(losses[:3]) / 3, sum(losses[3:]) / 2]
    assert [row["loss"] for row in notes.figures["log"]] == pytest.approx(means)
    assert [row["gradient_norm"] for row in notes.figures["log"]] == pytest.approx([norms[2], norms[4]])
    assert counts == (4 * CONTEXT,) * 5
    notes = Notes()
    trainer(tmp_path / "scheduled", callbacks=[notes], steps=4, log_every=1, schedule=schedule).run()
    shares = [row["learning_rate_share"] for row in notes.figures["log"]]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1, 0.5])


def test_without_a_validation_part_the_last_weights_are_kept(tmp_path: Path) -> None:
    model, notes = small_model(), Notes()
    content = training_data(validation=False)
    progress = trainer(tmp_path, model, content, [notes], steps=5, evaluate_every=1, patience=2).run()
    assert progress.step == 5, "patience waits for evaluations, of which there are none"
    assert progress.best is None
    assert notes.figures["evaluate"] == []
    kept = small_model(seed=9)
    read_weights(tmp_path / "model.safetensors", kept)
    assert same(weights(kept), weights(model))


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    choices = {"steps": 4, "evaluate_every": 2, "log_every": 2}
    metrics = Metrics(tmp_path / "metrics.jsonl")
    trainer(tmp_path, callbacks=[metrics], **choices).run()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    model = small_model(seed=5)
    progress = trainer(tmp_path, model, callbacks=[metrics], **choices).run()
    assert progress.step == 4
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    last = small_model(seed=6)
    read_weights(tmp_path / "checkpoints/step-4/model.safetensors", last)
    assert same(weights(model), weights(last))


def test_a_finished_run_goes_on_to_a_later_end_as_if_it_had_been_the_first(tmp_path: Path) -> None:
    choices = {"evaluate_every": 2, "log_every": 2, "schedule": "constant"}
    models = [small_model(), small_model(), small_model()]
    trainer(tmp_path / "straight", models[0], steps=8, **choices).run()
    trainer(tmp_path / "longer", models[1], steps=4, **choices).run()
    trainer(tmp_path / "longer", models[2], steps=8, **choices).run()
    assert same(weights(models[2]), weights(models[0]))
    assert not same(weights(models[1]), weights(models[0]))


def test_metrics_are_rows_of_two_kinds(tmp_path: Path) -> None:
    trainer(tmp_path, callbacks=[Metrics(tmp_path / "metrics.jsonl")], steps=4, evaluate_every=4, log_every=2).run()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["kind"], row["step"]) for row in rows] == [("train", 2), ("train", 4), ("validation", 4)]
    assert all(math.isfinite(value) for row in rows for value in row.values() if not isinstance(value, str))
    assert [row["tokens"] for row in rows[:2]] == [2 * 4 * CONTEXT, 4 * 4 * CONTEXT]


def test_callbacks_that_started_finish_whatever_fails(tmp_path: Path) -> None:
    class Failing(Callback):
        """Fails at whatever is told first."""

        def start(self, progress: Any) -> None:
            raise OSError("full")

    first, last = Notes(), Notes()
    with pytest.raises(OSError, match="full"):
        trainer(tmp_path, callbacks=[first, Failing(), last], steps=4).run()
    assert (first.events, last.events) == ([("start", 0), ("finish", 0)], [])


def test_the_first_error_is_reported_even_if_a_callback_cannot_finish(tmp_path: Path) -> None:
    class Failing(Callback):
        """Fails in a step, and then again."""

        def step(self, progress: Any) -> None:
            raise JobError("the first")

        def finish(self, progress: Any) -> None:
            raise OSError("the second")

    with pytest.raises(JobError, match=r"^the first$"):
        trainer(tmp_path, callbacks=[Failing()], steps=4).run()
