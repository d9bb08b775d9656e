"""A finished run is left as it is until more is asked of it, and batches may change their size on the way."""

import json
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway.config.reading import load_run, override
from cutaway.runs.run import resume, start
from cutaway.runs.session import train_run
from cutaway.tasks.base import EqualBatches
from cutaway.training.checkpoints import Progress
from runs.kinds import begin, choices_of, write_data
from test_locks import locked_by_another

KIND = "sequence_classification"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, and when it was written."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize(
    ("choices", "again", "line"),
    [
        ([], [], "is finished, 2 steps; go on with: cutaway train --resume {} train.steps=4"),
        ([], ["train.steps=1"], "is finished, 2 steps; go on with: cutaway train --resume {} train.steps=4"),
        (
            ["train.epochs=0.05"],
            [],
            "is finished: 0.05 epochs, 1 step; go on with: cutaway train --resume {} train.epochs=0.1",
        ),
        (
            ["train.steps=99", "train.evaluate_every=1", "train.patience=1", "train.optimizer.learning_rate=10"],
            [],
            "stopped early: 1 evaluation without improvement, {steps} steps; go on with: cutaway train --resume {} "
            "train.patience=none",
        ),
    ],
)
def test_it_says_so_and_how_to_go_on(
    choices: list[str], again: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_data("language_modeling", tmp_path)
    run = start(override(choices_of("language_modeling", tmp_path), choices), tmp_path / "run")
    first = train_run(run)
    before, out = contents(run.folder.path), run.folder.path
    assert "report.html" in before
    overrides = dict(assignment.split("=") for assignment in again)
    capsys.readouterr()
    trained = cutaway.resume(out, **{key: int(value) for key, value in overrides.items()})
    assert capsys.readouterr().err == f"{out} {line.format(out, steps=first.steps)}\n"
    assert trained == first
    assert contents(out) == before
    with locked_by_another(out):
        pass


def test_a_report_that_is_missing_is_written(tmp_path: Path) -> None:
    first = train_run(begin("language_modeling", tmp_path))
    assert first.report is not None
    first.report.unlink()
    assert cutaway.resume(first, progress=False).report == first.report
    assert first.report.exists()


def progress_of(out: Path) -> Progress:
    latest = (out / "checkpoints/latest").read_text().strip()
    return Progress(**json.loads((out / "checkpoints" / latest / "progress.json").read_text()))


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "steps", "samples"),
    [
        ("train.batch_size=4", "train.batch_size=8", 3 + 2, 24),  # 12 seen, of which four are seen again
        ("train.batch_size=8", "train.batch_size=4", 3, 24),  # all seen
        ("train.batch_size=5", "train.batch_size=3", 3 + 3, 24),  # 15 seen
        ("train.batch_size=7", "train.batch_size=4", 3 + 1, 24),  # 21 seen, of which one is seen again
    ],
)
def test_epochs_end_with_the_data_whatever_the_batches(
    first: str, second: str, steps: int, samples: int, forget: bool, tmp_path: Path
) -> None:
    out = begin(KIND, tmp_path, "train.steps=3", first).folder.path
    resume(out).train()
    if forget:  # as a checkpoint of an earlier version
        path = out / "checkpoints/step-3/progress.json"
        path.with_name("digests.json").unlink()
        path.write_text(
            json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "samples"})
        )
    run = resume(out, ["train.epochs=1", second])
    assert run.train().step == run.config.train.steps == load_run(out / "run.yaml").train.steps == steps
    assert resume(out).config.train.steps == steps
    assert progress_of(out).samples == (samples if steps > 3 or not forget else None)


def test_what_comes_next_is_trained_on_next(tmp_path: Path) -> None:
    """Two steps of four sequences, then steps of two: the windows are those of the fifth batch of two and later."""
    out = begin("language_modeling", tmp_path, "train.steps=2", "train.batch_size=4").folder.path
    resume(out).train()
    run = resume(out, ["train.steps=4", "train.batch_size=2"])
    asked: list[int] = []
    batches = type(run.dataset.training_data().training)
    with pytest.MonkeyPatch.context() as patch:
        taken = batches.__getitem__
        patch.setattr(batches, "__getitem__", lambda self, index: asked.append(index) or taken(self, index))
        progress = run.train()
    assert asked == [4, 5]
    assert (progress.step, progress.samples) == (4, 12)


def test_batches_of_one_size() -> None:
    order = EqualBatches(4)
    assert [order.samples_before(index) for index in (0, 1, 5)] == [0, 4, 20]
    assert [order.index_at(samples) for samples in (0, 1, 4, 5, 8)] == [0, 0, 1, 1, 2]
    assert np.all([order.index_at(order.samples_before(index)) == index for index in range(9)])
