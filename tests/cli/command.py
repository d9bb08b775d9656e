"""The command line as a person meets it: words go in; a status, what is printed and what lies on disk come out."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from cutaway.cli import main

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
