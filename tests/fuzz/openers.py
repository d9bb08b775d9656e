"""Opens mutated files, and says of each what it raised, how long it took and how much memory it needed.

A program of its own: it reads a job per line, `{"kind": …, "path": …}`, and answers with a line. What takes too long,
or aborts it, is noticed by its parent.
"""

import json
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.config.reading import load_run
from cutaway.data.audio.wav import read_wav
from cutaway.data.graphs.edge_lists import read_edge_lists
from cutaway.data.proteins.fasta import read_fasta
from cutaway.data.tables.conll import read_conll
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.squad import read_squad
from cutaway.errors import MOST_OF_MESSAGE, JobError, UserError
from cutaway.pipeline.loading import load

HIGHEST = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")

OPENERS: dict[str, Callable[[Path], Any]] = {
    "model.safetensors": lambda path: load(path.parent),
    "config.json": lambda path: load(path.parent),
    "tokenizer.json": lambda path: load(path.parent),
    "model.gguf": load,
    "run.yaml": load_run,
    "sound.wav": read_wav,
    "proteins.fasta": lambda path: list(read_fasta(path, Counter())),
    "tagged.conll": lambda path: list(read_conll(path, DataConfig(), Counter())),
    "squad.json": lambda path: list(read_squad(path, DataConfig(), Counter())),
    "labelled.csv": lambda path: list(read_labelled(path, DataConfig(), Counter())),
    "labelled.tsv": lambda path: list(read_labelled(path, DataConfig(), Counter())),
    "labelled.jsonl": lambda path: list(read_labelled(path, DataConfig(), Counter())),
    "graphs.edges": lambda path: list(read_edge_lists(path, Counter())),
}
"""By the name of the file."""


def problem(kind: str, path: Path) -> str:
    """What is wrong with how a file is opened; empty if it opens, or is refused in one short line."""
    try:
        OPENERS[kind](path)
    except (UserError, JobError) as error:
        said = str(error)
        is_line = said and "\n" not in said and len(said) <= MOST_OF_MESSAGE + 3
        return "" if is_line else f"a message of {len(said)} characters: {said[:200]!r}"
    except BaseException:
        return traceback.format_exc()
    return ""


def resident(field: str) -> int:
    """Bytes in memory: now (VmRSS), or the most since `forget_peak` (VmHWM)."""
    line = next(line for line in HIGHEST.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) << 10


def forget_peak() -> None:
    RESET.write_text("5")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries may print
    most = resident("VmSize") if HIGHEST.exists() else 0
    if most:
        resource.setrlimit(resource.RLIMIT_AS, (most + (8 << 30),) * 2)  # a bomb harms nothing else
    for line in sys.stdin:
        job = json.loads(line)
        if most:
            forget_peak()
        before, start = resident("VmRSS") if most else 0, time.monotonic()
        found = problem(job["kind"], Path(job["path"]))
        peak = resident("VmHWM") if most else 0
        answer = {"problem": found, "seconds": time.monotonic() - start, "bytes": max(0, peak - before)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
