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
from cutaway.data.images.labelled_images import read_images
from cutaway.data.proteins.fasta import read_fasta
from cutaway.data.tables.inputs import read_inputs
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.squad import read_squad
from cutaway.data.tables.tagged import read_tagged
from cutaway.data.tables.text_pairs import read_pairs
from cutaway.errors import MOST_OF_MESSAGE, JobError, UserError
from cutaway.pipeline.loading import load
from cutaway.runs.guess import guess

HIGHEST = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")

ACCEPTED, REFUSED = "accepted", "refused"
Opener = Callable[[Path], Any]


def recognised(path: Path) -> Any:
    """What the file is for, as `cutaway train --data` guesses."""
    return guess(DataConfig(path=str(path)))


def by(read: Callable[[Path, DataConfig, Counter[str]], Any]) -> tuple[Opener, ...]:
    """The recognisers, and a reader of examples."""
    return recognised, lambda path: list(read(path, DataConfig(), Counter()))


OPENERS: dict[str, tuple[Opener, ...]] = {
    "model.safetensors": (lambda path: load(path.parent),),
    "config.json": (lambda path: load(path.parent),),
    "tokenizer.json": (lambda path: load(path.parent),),
    "model.gguf": (load,),
    "run.yaml": (load_run,),
    "sound.wav": (read_wav,),
    "proteins.fasta": by(lambda path, data, skipped: read_fasta(path, skipped)),
    "tagged.conll": by(read_tagged),
    "tagged.conllu": (*by(read_tagged), read_inputs),
    "tagged.jsonl": (*by(read_tagged), read_inputs),
    "squad.json": by(read_squad),
    "labelled.csv": (*by(read_labelled), read_inputs),
    "labelled.tsv": by(read_labelled),
    "labelled.jsonl": by(read_labelled),
    "columns.json": (*by(read_labelled), read_inputs),
    "parts.json": by(read_labelled),
    "pairs.json": by(read_pairs),
    "images.npz": by(read_images),
    "train.csv": (lambda path: recognised(path.parent),),
    "text.txt": (recognised,),
    "graphs.edges": by(lambda path, data, skipped: read_edge_lists(path, skipped)),
}
"""By the name of the file; each is tried."""


def tried(kind: str, path: Path) -> str:
    """Whether a file opens, or is refused in one short line; otherwise what is wrong with how it is opened."""
    found = [_tried(opener, path) for opener in OPENERS[kind]]
    wrong = [one for one in found if one not in (ACCEPTED, REFUSED)]
    return wrong[0] if wrong else REFUSED if REFUSED in found else ACCEPTED


def _tried(opener: Opener, path: Path) -> str:
    try:
        opener(path)
    except (UserError, JobError) as error:
        said = str(error)
        is_line = said and "\n" not in said and len(said) <= MOST_OF_MESSAGE + 3
        return REFUSED if is_line else f"a message of {len(said)} characters: {said[:200]!r}"
    except BaseException:
        return traceback.format_exc()
    return ACCEPTED


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
        said = tried(job["kind"], Path(job["path"]))
        peak = resident("VmHWM") if most else 0
        answer = {"said": said, "seconds": time.monotonic() - start, "bytes": max(0, peak - before)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
