"""Mutated files open, or are refused in one line, within bounded time and memory.

`CUTAWAY_MUTATIONS` sets how many are tried in the heavy tier.
"""

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
from threading import Timer
from typing import Any

import pytest

from fuzz.mutations import mutated
from fuzz.openers import OPENERS, problem
from fuzz.seeds import write_seeds
from support import require_path

MUTATIONS = int(os.environ.get("CUTAWAY_MUTATIONS", "300"))
WORKERS = 2
SECONDS = 60.0
"""Of one file, on a busy machine."""
MORE_BYTES = 500_000_000
"""In memory, beside twice the file."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_seeds(tmp_path_factory.mktemp("seeds"))


def written(seed: Path, number: int, folder: Path) -> Path:
    """A mutated copy of a file, with the files beside it."""
    shutil.copytree(seed.parent, folder)
    content = mutated(seed.name, seed.read_bytes(), Random(f"{seed.name} {number}"))
    (folder / seed.name).write_bytes(content)
    return folder / seed.name


def test_what_is_not_mutated_opens(seeds: dict[str, Path]) -> None:
    assert seeds.keys() == OPENERS.keys()
    for kind, path in seeds.items():
        OPENERS[kind](path)


@pytest.mark.parametrize("kind", OPENERS)
def test_a_few_mutated_files_open_or_are_refused_in_one_line(kind: str, seeds: dict[str, Path], tmp_path: Path) -> None:
    for number in range(3):
        assert problem(kind, written(seeds[kind], number, tmp_path / str(number))) == "", number


@pytest.mark.heavy
def test_mutated_files_need_bounded_time_and_memory(seeds: dict[str, Path], tmp_path: Path) -> None:
    require_path("/proc/self/clear_refs")
    jobs: SimpleQueue[tuple[str, int]] = SimpleQueue()
    for number in range(MUTATIONS):
        jobs.put((list(OPENERS)[number % len(OPENERS)], number // len(OPENERS)))
    with ThreadPoolExecutor(WORKERS) as pool:
        work = [pool.submit(list, problems(jobs, seeds, tmp_path / str(worker))) for worker in range(WORKERS)]
    found = [one for done in work for one in done.result()]
    if found:  # an assertion would compare long texts
        pytest.fail(f"{len(found)} problems:\n" + "\n".join(found[:20]), pytrace=False)


def problems(jobs: SimpleQueue[tuple[str, int]], seeds: dict[str, Path], folder: Path) -> Iterator[str]:
    """What is wrong with how a process opens these files, until none is left."""
    worker: subprocess.Popen[str] | None = None
    try:
        while not jobs.empty():
            kind, number = jobs.get()
            path = written(seeds[kind], number, folder / f"{number} {kind}")
            worker = begun() if worker is None or worker.poll() is not None else worker
            answer = asked(worker, kind, path)
            if answer["problem"]:
                yield f"{kind} {number}: {answer['problem'][-500:]}"
            elif answer["bytes"] > 2 * path.stat().st_size + MORE_BYTES:
                yield f"{kind} {number}: {answer['bytes']:,} bytes of memory for {path.stat().st_size:,}"
            shutil.rmtree(path.parent)
    finally:
        if worker is not None:
            worker.kill()
            worker.communicate()


def begun() -> subprocess.Popen[str]:
    program = Path(__file__).with_name("openers.py")
    return subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        text=True,
    )


def asked(worker: subprocess.Popen[str], kind: str, path: Path) -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    timer = Timer(SECONDS, worker.kill)
    timer.start()
    print(json.dumps({"kind": kind, "path": str(path)}), file=worker.stdin, flush=True)
    line = worker.stdout.readline()
    timer.cancel()
    if line:
        answer: dict[str, Any] = json.loads(line)
        return answer
    return {"problem": f"the process ended with status {worker.wait()}, after at most {SECONDS:g} seconds", "bytes": 0}
