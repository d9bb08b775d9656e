"""A run that listens: it goes on without its files, and whatever is given as a file or as samples is heard alike."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cutaway.config.reading import load_run, override
from cutaway.config.run import RunConfig
from cutaway.data.audio.wav import read_wav
from cutaway.errors import UserError
from cutaway.pipeline import load
from cutaway.runs.evaluation import evaluate_data, evaluate_run
from cutaway.runs.run import Run, resume, start
from data.audio_files import RATE, tone, write_wav
from runs.kinds import TINY
from support import require_module
from training.setups import same, weights

LABELS = ("high", "low")
COUNT = 15
CHOICES = (
    *TINY,
    *("task=audio_classification", f"task.sample_rate={RATE}", "task.frame=20", "task.hop=10"),
    *("model.architecture=encoder", "model.head=sequence", "model.embedding=frames", "model.embedding.bins=9"),
    "model.position=sinusoidal",
)


def write_sounds(folder: Path) -> Path:
    """Tones of different lengths, high and low ones."""
    for i in range(COUNT):
        for label, hertz in zip(LABELS, (1500 + 40 * i, 300 + 20 * i), strict=True):
            write_wav(folder / "sounds" / label / f"{i}.wav", tone(hertz, 300 + 61 * i))
    return folder / "sounds"


def begin(folder: Path, *choices: str, out: str = "run") -> Run:
    config = override(RunConfig(), [*CHOICES, f"data.path={write_sounds(folder)}", *choices])
    return start(config, folder / out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was trained until it tells high from low."""
    run = begin(tmp_path_factory.mktemp("trained"), "train.steps=60", "train.batch_size=8", "model.dropout=0")
    run.train()
    return run


def test_a_run_goes_on_where_it_was_without_its_files(tmp_path: Path) -> None:
    straight = begin(tmp_path, "train.steps=4", out="straight")
    straight.train()
    begin(tmp_path, "train.steps=2").train()
    shutil.rmtree(tmp_path / "sounds")
    resumed = resume(tmp_path / "run", ["train.steps=4"])
    resumed.train()
    assert same(weights(resumed.model), weights(straight.model))


def test_what_the_data_tells_is_filled_in(trained: Run) -> None:
    config = load_run(trained.folder.run)
    task = config.task
    assert task.kind == "audio_classification"
    assert (task.labels, config.model.head.model_dump()["labels"]) == (LABELS, 2)
    numbers = np.concatenate([row.shown.ravel() for row in trained.dataset.training])
    assert abs(numbers.mean()) < 1e-5
    assert abs(numbers.std() - 1) < 1e-5
    assert not trained.folder.tokenizer.exists()


def test_what_is_chosen_is_kept(tmp_path: Path) -> None:
    task = begin(tmp_path, "task.mean=0", "task.std=3.5").config.task
    assert task.kind == "audio_classification"
    assert (task.mean, task.std) == (0, 3.5)


def test_it_learns_and_what_is_loaded_is_what_was_trained(trained: Run) -> None:
    require_module("sklearn")
    loaded = load(trained.folder.path, device="cpu")
    assert same(weights(loaded.model), weights(trained.model))
    report = evaluate_data(loaded, trained.config.data, Path("unused"))
    assert report.figures == {"accuracy": 100, "macro_f1": 100}
    assert {label: part["support"] for label, part in report.parts.items()} == dict.fromkeys(LABELS, COUNT)
    assert evaluate_run(loaded, trained.folder.path).figures == {"accuracy": 100, "macro_f1": 100}


def test_files_and_samples_are_heard_alike_alone_and_together(trained: Run) -> None:
    paths = sorted(Path(trained.config.data.path).rglob("*.wav"))[:7]
    classify = trained.pipeline.classify
    together = classify(paths)
    for path, told in zip(paths, together, strict=True):
        for given in (str(path), read_wav(path)[0]):
            assert classify(given).probabilities == pytest.approx(told.probabilities, abs=1e-6)


def test_what_is_too_long_is_refused_or_cut_and_counted(trained: Run) -> None:
    limit = 160 + 23 * 80  # samples in the 24 frames of the context
    fits, longer = tone(400, limit), np.concatenate([tone(400, limit), tone(2000, limit)])
    said = r"recording 2 lasts 0\.50 seconds, but the model takes at most 0\.25: shorten it"
    with pytest.raises(UserError, match=said):
        trained.pipeline.classify([fits, longer])
    with pytest.raises(UserError, match=r"^the recording lasts 0"):
        trained.pipeline.classify(longer)
    truncated: Counter[str] = Counter()
    one, other = trained.pipeline.classify([fits, longer], truncated=truncated)
    assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)
    assert truncated == {"cut to 24 frames": 1}


def test_long_recordings_are_cut_in_training_and_in_evaluation(tmp_path: Path) -> None:
    require_module("sklearn")
    run = begin(tmp_path, "model.context=8", "data.validation=0")
    cut = sum(300 + 61 * i > 160 + 7 * 80 for i in range(COUNT)) * 2
    run.dataset.training_data()
    assert run.dataset.amount == f"30 examples, 0 to validate with, {cut} cut to 8 frames"
    assert evaluate_data(run.pipeline, run.config.data, tmp_path).figures["truncated"] == cut


def test_recordings_of_another_rate_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.wav has 8,000 samples a second, and 16,000 are asked for: .* -ar 16000"):
        begin(tmp_path, "task.sample_rate=16000")
    assert not (tmp_path / "run").exists()
    run = begin(tmp_path)
    write_wav(tmp_path / "other" / "low" / "1.wav", tone(300, 99), 11_025)
    other = run.config.data.model_copy(update={"path": str(tmp_path / "other")})
    with pytest.raises(UserError, match=r"1\.wav has 11,025 samples a second, and 8,000 are asked for"):
        evaluate_data(run.pipeline, other, tmp_path)
