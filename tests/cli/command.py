"""The command line as a person meets it: words go in; a status, what is printed and what lies on disk come out."""

import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from cutaway.cli import main
from zoo import Zoo

TINY = (
    "model.width=16",
    "model.layers=1",
    "model.attention.heads=2",
    "model.context=8",
    "train.steps=4",
    "train.batch_size=2",
    "train.sample_tokens=5",
    "train.device=cpu",
    "train.precision=fp32",
)
TEXT = "the cat sat on a mat\nand ate a rat that ran far\n" * 30


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


def run(*words: str | Path) -> Outcome:
    """Runs `cutaway` with these words, in this process. A defect of cutaway comes through as what it raised."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["cutaway", *map(str, words)])
        with pytest.raises(SystemExit) as exit_info:
            main()
    return Outcome(int(exit_info.value.code or 0), out.getvalue(), err.getvalue())


def printed(*words: str | Path) -> str:
    """What a command prints that goes well."""
    outcome = run(*words)
    assert outcome.status == 0, outcome.err
    return outcome.out


def refused(*words: str | Path) -> str:
    """The one line that a mistake gets."""
    outcome = run(*words)
    assert outcome.status == 2, outcome
    assert outcome.err.startswith("cutaway: ")
    assert outcome.err.endswith("\n")
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.out == ""
    return outcome.err.removeprefix("cutaway: ").removesuffix("\n")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def train_once(
    zoo: Zoo, name: str, write: Callable[[Path], object], runs: Mapping[str, Sequence[str]]
) -> tuple[Path, dict[str, Outcome]]:
    """A shared folder that `write` filled and where `cutaway train` made these runs, and what each was told."""

    def make(folder: Path) -> None:
        (folder / "here").mkdir()
        write(folder / "here")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder / "here")
            told = {out: run("train", *words, "--out", out) for out, words in runs.items()}
        assert {out: outcome.err for out, outcome in told.items() if outcome.status} == {}
        (folder / "told.json").write_text(json.dumps(told))

    folder = zoo.get(name, make)
    told = json.loads((folder / "told.json").read_text())
    return folder / "here", {out: Outcome(*outcome) for out, outcome in told.items()}
