"""Of two keys that exclude each other, the later one counts and is said to; both in one place are refused."""

from pathlib import Path

import pytest

from cutaway.config.reading import dump_run, load_preset, load_run, override, read_config, replaced_choices
from cutaway.config.run import RunConfig
from cutaway.config.train import TrainConfig
from cutaway.errors import UserError

BOTH = [
    (
        "train.steps=9",
        "train.epochs=2",
        "train.steps and train.epochs both set the length of the run: give one of them",
    ),
    (
        "train.batch_size=8",
        "train.batch_tokens=99",
        "train.batch_size and train.batch_tokens both set the size of a batch: give one of them",
    ),
]


@pytest.mark.parametrize(("first", "second", "line"), BOTH)
@pytest.mark.parametrize("turned", [False, True])
def test_both_in_one_command_are_refused(first: str, second: str, line: str, turned: bool) -> None:
    with pytest.raises(UserError) as raised:
        override(RunConfig(), [second, first] if turned else [first, second])
    assert str(raised.value) == line


@pytest.mark.parametrize(("first", "second", "line"), BOTH)
def test_both_in_a_run_file_are_refused(first: str, second: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    values = [assignment.removeprefix("train.").replace("=", ": ") for assignment in (first, second)]
    path.write_text(f"train: {{{', '.join(values)}}}")
    with pytest.raises(UserError) as raised:
        read_config(path)
    assert str(raised.value) == f"{path}: {line}"
    path.write_text(f"train: {{{values[0]}, {values[1].split(':')[0]}: none}}")
    assert read_config(path).train == override(RunConfig(), [first]).train


@pytest.mark.parametrize(("first", "second", "line"), BOTH)
def test_a_file_with_all_keys_is_read(first: str, second: str, line: str, tmp_path: Path) -> None:
    config = override(override(RunConfig(), [first]), [second])
    path = tmp_path / "run.yaml"
    path.write_text(dump_run(config))
    assert load_run(path) == read_config(path) == config


def test_a_run_of_an_earlier_version_that_lacks_newer_keys_opens(tmp_path: Path) -> None:
    config = override(RunConfig(), ["train.batch_tokens=99"])
    path = tmp_path / "run.yaml"
    path.write_text(dump_run(config).replace("  tensorboard: false\n", ""))
    assert load_run(path) == config


@pytest.mark.parametrize(("first", "second", "line"), BOTH)
def test_the_later_one_counts_and_is_said_to(first: str, second: str, line: str) -> None:
    before = override(RunConfig(), [second])
    after = override(before, [first])
    assert getattr(after.train, second.split("=")[0].removeprefix("train.")) is None
    assert replaced_choices(before, after) == [f"{first} replaces {second}"]
    assert replaced_choices(RunConfig(), before) == replaced_choices(after, after) == []


def test_a_batch_in_tokens_needs_no_divisible_number_of_examples() -> None:
    assert TrainConfig(batch_tokens=100, gradient_accumulation=3).gradient_accumulation == 3
    with pytest.raises(UserError, match="cannot be divided into 3 equal micro-batches"):
        TrainConfig(gradient_accumulation=3)


def test_a_size_in_tokens_replaces_that_of_a_preset() -> None:
    assert load_preset("transformer-tiny").train.batch_tokens == 4096
    assert override(load_preset("transformer-tiny"), ["train.batch_tokens=99"]).train.batch_tokens == 99
