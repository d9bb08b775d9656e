"""Epochs become steps: as many as it takes to see all of the data so often."""

from pathlib import Path

import pytest

from cutaway.config.reading import load_run, override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.runs.run import resume, start
from runs.kinds import begin, choices_of, write_data


def counted(kind: str, folder: Path, *choices: str) -> int:
    write_data(kind, folder)
    plain = choices_of(kind, folder)
    return start(override(plain, choices), folder / f"run {' '.join(choices)}").config.train.steps


@pytest.mark.parametrize(("epochs", "steps"), [("1", 5), ("2", 10), ("0.5", 3), ("2.5", 13)])
def test_examples_are_counted(epochs: str, steps: int, tmp_path: Path) -> None:
    assert (
        counted("sequence_classification", tmp_path, f"train.epochs={epochs}", "train.batch_size=5") == steps
    )  # of 24


def test_batches_by_tokens_are_counted_as_they_are(tmp_path: Path) -> None:
    write_data("sequence_classification", tmp_path)
    config = override(choices_of("sequence_classification", tmp_path), ["train.epochs=3", "train.batch_tokens=40"])
    run = start(config, tmp_path / "run")
    training_data = run.dataset.training_data()
    seen = sum(len(training_data.training[step]) for step in range(run.config.train.steps))
    assert seen == pytest.approx(3 * 24, abs=6)


def test_text_is_counted_by_its_tokens(tmp_path: Path) -> None:
    write_data("language_modeling", tmp_path)
    config = override(choices_of("language_modeling", tmp_path), ["train.epochs=7"])
    run = start(config, tmp_path / "run")
    tokens = run.config.train.steps * 4 * 24
    assert 7 * len(run.dataset.corpus.training) <= tokens < 7 * len(run.dataset.corpus.training) + 7 * 4 * 24


def test_data_without_end_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^endless data has no epochs: give train.steps instead of train.epochs"):
        start(override(choices_of("algorithmic", tmp_path), ["train.epochs=1"]), tmp_path / "run")


def test_a_run_file_holds_both_and_is_resumed_by_either(tmp_path: Path) -> None:
    write_data("sequence_classification", tmp_path)
    config = override(choices_of("sequence_classification", tmp_path), ["train.epochs=1", "train.batch_size=12"])
    run = start(config, tmp_path / "run")
    assert (load_run(run.folder.run).train.epochs, load_run(run.folder.run).train.steps) == (1, 2)
    assert run.train().step == 2
    assert resume(run.folder.path, ["train.epochs=2"]).train().step == 4
    assert (load_run(run.folder.run).train.epochs, load_run(run.folder.run).train.steps) == (2, 4)
    assert resume(run.folder.path, ["train.steps=5"]).train().step == 5
    assert (load_run(run.folder.run).train.epochs, load_run(run.folder.run).train.steps) == (None, 5)


def test_who_gives_steps_means_them() -> None:
    config = override(RunConfig(), ["train.epochs=3"])
    assert (config.train.epochs, override(config, ["train.steps=9"]).train.epochs) == (3, None)
    assert override(config, ["train.steps=9", "train.epochs=none"]).train.steps == 9
    with pytest.raises(
        UserError, match=r"^train.steps and train.epochs both set the length of the run: give one of them$"
    ):
        override(config, ["train.epochs=2", "train.steps=9"])


def test_what_is_frozen_cannot_change_in_a_run_that_has_begun(tmp_path: Path) -> None:
    run = begin("sequence_classification", tmp_path, "train.frozen=encoder.embed")
    assert run.config.train.frozen == ("encoder.embed",)
    with pytest.raises(
        UserError, match=r"^train.frozen cannot be changed in a run that has started: start another run"
    ):
        resume(run.folder.path, ["train.frozen=[]"])
    before = run.model.get_parameter("encoder.embed.tokens.weight").detach().clone()
    run.train()
    resumed = resume(run.folder.path, ["train.steps=4", "train.frozen=encoder.embed"])
    resumed.train()
    assert resumed.model.get_parameter("encoder.embed.tokens.weight").equal(before)
