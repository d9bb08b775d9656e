"""Runs that die: a program that trains, kills itself at a chosen instant, and is begun again until it ends.

Run as a script, apart from the tests: torch is imported once, and every life is a fork of that process.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch._dynamo  # what optimizers import when first made: once, before the forks

from cutaway.config.reading import validate
from cutaway.runs import Run, resume, start
from cutaway.train.callbacks import Metrics, Samples
from cutaway.train.loop import Trainer

CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")


def live(out: Path, config: dict[str, Any]) -> None:
    """Begins a run or goes on with it, as the command line does."""
    run = resume(out) if (out / "run.yaml").exists() else start(validate(config), out)
    run.train([Metrics(run.folder.metrics), Samples(run.folder.samples, 4, lambda: sample(run), lambda *_: None)])


def sample(run: Run) -> str:
    was_training = run.model.training
    text = run.pipeline.generate("", 5, seed=0)
    run.model.train(was_training)
    return text


def die_at(instant: int, out: Path) -> None:
    """Kills this process before it touches a file of the run for the n-th time."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        # What is removed inside a folder is named relative to it.
        if event in CHANGES and (str(arguments[0]).startswith(str(out)) or event == "os.remove" and arguments[1] > 2):
            seen += 1
            if seen == instant:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def signal_at(step: int, number: int) -> None:
    """Sends this process a signal in the middle of a step."""
    learn = Trainer.step

    def watched(trainer: Trainer, index: int, share: float) -> tuple[float, float, int]:
        if index == step:
            os.kill(os.getpid(), number)
        return learn(trainer, index, share)

    Trainer.step = watched


def forked(life: Callable[[], None]) -> int:
    """Begins a life in a process of its own and returns the process's number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        life()
    except BaseException as error:
        traceback.print_exc()
        os._exit(getattr(error, "status", 1))
    os._exit(0)


def lives(out: Path, config: dict[str, Any], deaths: list[dict[str, float]]) -> list[int]:
    """Lives once for each death and then to the end; returns how each ended: a status, or minus a signal.

    A death is at an `instant`, after some `seconds`, or by a `signal` at a `step`; a life that is over before it is the
    last one.
    """
    statuses = [-1]
    for death in [*deaths, {}]:
        if statuses[-1] == 0:
            break

        def life(death: dict[str, Any] = death) -> None:
            if "instant" in death:
                die_at(death["instant"], out)
            if "signal" in death:
                signal_at(death["step"], death["signal"])
            live(out, config)

        pid = forked(life)
        if "seconds" in death:
            time.sleep(death["seconds"])
            os.kill(pid, signal.SIGKILL)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return statuses[1:]


if __name__ == "__main__":
    jobs = json.load(sys.stdin)
    print(json.dumps([lives(Path(job["out"]), job["config"], job["deaths"]) for job in jobs]))
