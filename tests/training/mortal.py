"""A run that is stopped at chosen instants and begun again until it ends.

A program of its own, apart from the tests: it imports torch once, and each life of the run is a fork of it.
"""

import json
import os
import signal
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from cutaway.cli import main
from cutaway.config.reading import load_run
from cutaway.runs.run import resume, start
from cutaway.runs.session import write_sample
from cutaway.training.callbacks import Metrics, Samples
from cutaway.training.loop import Trainer

import_module("torch._dynamo")  # the first optimizer imports it: once here, not in every life

TOUCHES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")

os.fsync = lambda descriptor: None  # it is slow, and helps against power cuts only


def live(config: Path, out: Path) -> None:
    """Begins a run or goes on with it."""
    run = resume(out) if (out / "run.yaml").exists() else start(load_run(config), out)
    every = run.config.train.sample_every
    assert every
    run.train(
        [Metrics(run.folder.metrics), Samples(run.folder.samples, every, lambda: write_sample(run), lambda *_: None)]
    )


def live_on_the_command_line(config: Path, out: Path) -> None:
    sys.argv = ["cutaway", "train", str(config), "--out", str(out)]
    main()


def die_before_touch(number: int, out: Path) -> None:
    """Kills this process just before it touches the files of the run for the n-th time."""
    touches = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal touches
        # What lies in a folder that is removed is named relative to that folder, which comes as a descriptor.
        is_relative = event == "os.remove" and arguments[1] >= 0
        if event in TOUCHES and (is_relative or str(arguments[0]).startswith(str(out))):
            touches += 1
            if touches == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def signal_in_step(index: int, number: int) -> None:
    """Sends this process a signal in the middle of a step."""
    step = Trainer.step

    def signalled_step(trainer: Trainer, i: int, share: float) -> tuple[float, float, int]:
        if i == index:
            os.kill(os.getpid(), number)
        return step(trainer, i, share)

    Trainer.step = signalled_step


def begin_life(config: Path, out: Path, end: dict[str, Any]) -> int:
    """Forks a process that lives, and returns its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        match end:
            case {"touch": number}:
                die_before_touch(number, out)
                live(config, out)
            case {"step": index, "signal": number}:
                signal_in_step(index, number)
                live_on_the_command_line(config, out)
            case _:
                live(config, out)
    except SystemExit as exit:
        os._exit(exit.code)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def lives(config: Path, out: Path, ends: list[dict[str, Any]]) -> list[int]:
    """Lives until each of these ends comes, then to the natural one; returns statuses, or minus a signal, in order."""
    statuses = []
    for end in [*ends, {}]:
        pid = begin_life(config, out, end)
        if "seconds" in end:
            time.sleep(end["seconds"])
            os.kill(pid, signal.SIGKILL)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return statuses


if __name__ == "__main__":
    jobs = json.load(sys.stdin)
    print(json.dumps({out: lives(Path(job["config"]), Path(out), job["ends"]) for out, job in jobs.items()}))
