"""Displays that fail, signals at any time, and what a kill left behind lose no work."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway
from cli.command import TEXT, TINY, run
from cutaway.display import ErrorDisplay
from cutaway.errors import JobError, UserError
from support import require_attributes

pytestmark = pytest.mark.usefixtures("here")

TRAIN = ("train", "gpt-nano", "--data", "text.txt", "--out", "new", *TINY)


class Broken(io.StringIO):
    """Takes a few lines, like `head`, and then nothing more."""

    def __init__(self, lines: int, error: OSError) -> None:
        super().__init__()
        self._left, self._error = lines, error

    def write(self, text: str) -> int:
        if self._left <= 0:
            raise self._error
        self._left -= text.count("\n")
        return super().write(text)


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.EIO, "gone"), OSError(errno.ENOSPC, "full")])
def test_a_display_that_fails_is_switched_off_and_training_goes_on(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = dict(choice.split("=") for choice in TINY)
    choices |= {"train.evaluate_every": "1", "train.sample_every": "1"}
    broken = Broken(2, error)
    monkeypatch.setattr(sys, "stderr", broken)
    trained = cutaway.train("gpt-nano", "text.txt", "new", **choices)
    assert trained.steps == 4
    assert broken.getvalue().startswith("gpt-nano: ")
    assert "done after" not in broken.getvalue()


def test_a_display_is_switched_off_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    display = ErrorDisplay()
    for stream in (Broken(0, BrokenPipeError()), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert display.write("lost\n") == 5
        display.flush()
        assert not display.isatty()
    good = io.StringIO()
    monkeypatch.setattr(sys, "stderr", good)
    display.write("seen\n")
    assert good.getvalue() == "seen\n"


@pytest.mark.heavy
def test_training_into_a_closed_pipe_ends_well() -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-m", "cutaway", *TRAIN]
    done = subprocess.run(program, stderr=write, stdout=subprocess.DEVNULL, check=False)
    os.close(write)
    assert done.returncode == 0
    assert Path("new/checkpoints/latest").read_text() == "step-4\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("place", ["cutaway.runs.run.build", "cutaway.data.text.prepare.train_tokenizer"])
def test_a_signal_during_the_start_is_one_line(name: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_attributes("signal", name)
    number = getattr(signal, name)

    def stop(*_: object, **__: object) -> None:
        signal.raise_signal(number)

    with monkeypatch.context() as patch:
        patch.setattr(place, stop)
        outcome = run(*TRAIN)
    assert (outcome.status, outcome.err) == (128 + number, f"cutaway: stopped by {name}\n")
    assert signal.getsignal(number) == signal.SIG_DFL
    assert run(*TRAIN).status == 0, "the same command goes on"


def test_ignored_signals_stay_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    require_attributes("signal", "SIGHUP")
    build = "cutaway.runs.run.build"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        made = __import__("cutaway.model.build", fromlist=["build"]).build
        monkeypatch.setattr(build, lambda *given, **more: signal.raise_signal(signal.SIGHUP) or made(*given, **more))
        assert run(*TRAIN).status == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("left", ["unfinished.json.tmp", "manifest.json.tmp", "tokenizer.json.tmp", "examples.tmp/x"])
def test_what_a_killed_start_left_is_not_foreign(left: str) -> None:
    path = Path("new") / left
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    assert run(*TRAIN).status == 0
    assert list(Path("new").glob("*.tmp")) == []


def test_what_a_killed_run_left_is_removed() -> None:
    for name in ("model.safetensors.tmp", "run.yaml.tmp", "checkpoints/step-7.tmp"):
        (Path("run") / name).write_text("half")
    (Path("run") / "notes.tmp").write_text("somebody's own")
    assert run("train", "--resume", "run", "train.steps=6").status == 0
    assert [path.name for path in Path("run").rglob("*.tmp")] == ["notes.tmp"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "out of memory: this machine has no more"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            "out of memory: DefaultCPUAllocator: can't allocate",
        ),
        (OSError(errno.ENOSPC, "No space left", "some/file"), "some/file could not be read or written: No space left"),
        (OSError(errno.EROFS, "Read-only file system"), "a file could not be read or written: Read-only file system"),
    ],
)
def test_what_the_machine_lacks_is_one_line(error: Exception, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cutaway.runs.checking.check_pipeline", fail)
    outcome = run("check", "run")
    assert outcome.status == 1
    assert outcome.err.startswith(f"cutaway: {line}")
    assert outcome.err.count("\n") == 1


def test_a_start_that_cannot_be_cleaned_up_shows_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        def read_only(path: Path, missing_ok: bool = False) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(Path, "unlink", read_only)
        raise UserError("the first error")

    monkeypatch.setattr("cutaway.runs.run.build", fail)
    assert run(*TRAIN).err == "cutaway: the first error\n"


def test_a_report_that_cannot_be_written_does_not_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise JobError("report.html could not be written: the disk is full")

    monkeypatch.setattr("cutaway.runs.session.write_run_report", fail)
    outcome = run(*TRAIN)
    assert outcome.status == 0
    assert "there is no report: report.html could not be written: the disk is full\n" in outcome.err
