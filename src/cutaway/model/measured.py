"""Which form of a weight is read fastest on this machine: measured once, and remembered in the user's cache folder."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cutaway.errors import JobError, UserError, counted
from cutaway.model.device import processor
from cutaway.model.run_folder import read_json, write_json
from cutaway.nn.stored import Stored

REPEATS = 9
ENOUGH = 1 << 26
"""Bytes of weights that are read per repeat, if there are so many: more than caches hold, as in decoding."""
MARGIN = 0.95
"""The fraction of the time of the first way below which another is used."""

Way = Callable[[Tensor], Stored]
"""What stores a matrix in some form."""


def cache_file() -> Path:
    """The file of what was measured, in the user's cache folder; the variable `CUTAWAY_CACHE` names another folder."""
    if chosen := os.environ.get("CUTAWAY_CACHE"):
        return Path(chosen) / "kernels.json"
    homes = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": Path.home() / "Library" / "Caches"}
    home = os.environ.get("XDG_CACHE_HOME") or homes.get(sys.platform) or Path.home() / ".cache"
    return Path(home) / "cutaway" / "kernels.json"


def fastest(ways: Mapping[str, Way], weights: Iterable[Tensor]) -> str:
    """The name of the way in which one row is multiplied fastest by matrices of one shape.

    It is measured if it is not known of this processor, version of torch and number of threads. The first way is kept
    unless another is clearly faster.

    Args:
        ways: what stores a matrix, by name.
        weights: the matrices, at least one; no more are taken than are measured.
    """
    rest = iter(weights)
    one = next(rest)
    shape, dtype = one.shape, str(one.dtype).removeprefix("torch.")
    machine = f"{processor()}, torch {torch.__version__}, {counted(torch.get_num_threads(), 'thread')}"
    case = f"{' or '.join(ways)}, {dtype} {shape[0]} x {shape[1]}"
    known = _read()
    choices = known.setdefault(machine, {})
    if choices.get(case) not in ways:
        more = -(-ENOUGH // one.nbytes) - 1
        seconds = measure(ways, [one, *islice(rest, more)])
        first, *others = ways
        best = min(others, key=lambda name: seconds[name])
        choices[case] = best if seconds[best] < MARGIN * seconds[first] else first
        with suppress(OSError, JobError):  # a folder that cannot be written: it is measured again next time
            cache_file().parent.mkdir(parents=True, exist_ok=True)
            write_json(cache_file(), known)
    chosen: str = choices[case]
    return chosen


def measure(ways: Mapping[str, Way], weights: Sequence[Tensor]) -> dict[str, float]:
    """The seconds of a row in each way, which take turns: the least of several repeats, as other programs only add."""
    stored = {name: [make(weight) for weight in weights] for name, make in ways.items()}
    x = torch.randn(1, weights[0].shape[1], generator=torch.Generator().manual_seed(0)).to(weights[0])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(1 + REPEATS):
        for name, matrices in stored.items():
            start = time.perf_counter()
            for one in matrices:
                one.product(x, None)
            seconds[name].append(time.perf_counter() - start)
    return {name: min(found[1:]) for name, found in seconds.items()}  # the first warms up


def _read() -> dict[str, Any]:
    """What is known; nothing if the file is missing or unreadable, as it can be measured again."""
    try:
        found = read_json(cache_file()) if cache_file().exists() else {}
    except (UserError, OSError):
        return {}
    is_whole = isinstance(found, dict) and all(isinstance(choices, dict) for choices in found.values())
    return found if is_whole else {}
