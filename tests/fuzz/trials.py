"""Opens mutated files in other processes, which are watched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Event, Timer
from typing import Any, NamedTuple

from fuzz.mutations import mutated
from fuzz.openers import ACCEPTED, OPENERS, REFUSED

WORKERS = 2
SECONDS = 60.0
"""Of one file, on a busy machine."""
MORE_BYTES = 500_000_000
"""In memory, beside twice the file."""
OVER_TIME, OVER_MEMORY, ABORTED, TRACEBACK = "over time", "over memory", "aborted", "traceback"
OUTCOMES = (REFUSED, ACCEPTED, TRACEBACK, OVER_TIME, OVER_MEMORY, ABORTED)


class Trial(NamedTuple):
    """What became of a mutated file.

    Attributes:
        kind: its name.
        number: of the mutation.
        outcome: one of `OUTCOMES`; a message that is no short line counts as a traceback.
        detail: what was raised, or how much was needed.
        seconds: that it took.
        bytes: of memory that it needed.
    """

    kind: str
    number: int
    outcome: str
    detail: str
    seconds: float
    bytes: int


def written(seed: Path, number: int, folder: Path) -> Path:
    """A mutated copy of a file, with the files beside it."""
    shutil.copytree(seed.parent, folder)
    content = mutated(seed.name, seed.read_bytes(), Random(f"{seed.name} {number}"))
    (folder / seed.name).write_bytes(content)
    return folder / seed.name


def trials(mutations: int, seeds: dict[str, Path], folder: Path) -> list[Trial]:
    """What became of so many mutated files, of each kind in turn."""
    jobs: SimpleQueue[tuple[str, int]] = SimpleQueue()
    for number in range(mutations):
        jobs.put((list(OPENERS)[number % len(OPENERS)], number // len(OPENERS)))
    with ThreadPoolExecutor(WORKERS) as pool:
        work = [pool.submit(list, _trials(jobs, seeds, folder / str(worker))) for worker in range(WORKERS)]
    return sorted(one for done in work for one in done.result())


def _trials(jobs: SimpleQueue[tuple[str, int]], seeds: dict[str, Path], folder: Path) -> Iterator[Trial]:
    """What a process makes of these files, until none is left."""
    worker: subprocess.Popen[str] | None = None
    try:
        while not jobs.empty():
            kind, number = jobs.get()
            path = written(seeds[kind], number, folder / f"{number} {kind}")
            worker = _begun() if worker is None or worker.poll() is not None else worker
            answer = _asked(worker, kind, path)
            most = 2 * path.stat().st_size + MORE_BYTES
            yield Trial(kind, number, *_outcome(answer, most), answer["seconds"], answer["bytes"])
            shutil.rmtree(path.parent)
    finally:
        if worker is not None:
            worker.kill()
            worker.communicate()


def _outcome(answer: dict[str, Any], most: int) -> tuple[str, str]:
    said = answer["said"]
    if said in (ACCEPTED, REFUSED):
        is_bounded = answer["bytes"] <= most
        return said if is_bounded else OVER_MEMORY, f"{answer['bytes']:,} bytes, where {most:,} are allowed"
    return answer.get("outcome", TRACEBACK), said[-500:]


def _begun() -> subprocess.Popen[str]:
    program = Path(__file__).with_name("openers.py")
    return subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        text=True,
    )


def _asked(worker: subprocess.Popen[str], kind: str, path: Path) -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    is_late = Event()
    timer = Timer(SECONDS, lambda: (is_late.set(), worker.kill()))
    timer.start()
    print(json.dumps({"kind": kind, "path": str(path)}), file=worker.stdin, flush=True)
    line = worker.stdout.readline()
    timer.cancel()
    if line:
        answer: dict[str, Any] = json.loads(line)
        return answer
    said = f"the process ended with status {worker.wait()}"
    return {"said": said, "outcome": OVER_TIME if is_late.is_set() else ABORTED, "seconds": SECONDS, "bytes": 0}
