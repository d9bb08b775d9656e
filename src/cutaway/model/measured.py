"""Which form of a weight is read faster on this machine: measured once, and remembered in the user's cache folder."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.errors import JobError, UserError
from cutaway.model.device import processor
from cutaway.model.run_folder import read_json, write_json
from cutaway.nn.stored import Stored

REPEATS = 9
ENOUGH = 1 << 26
"""Bytes of weights that are read per repeat, if there are so many: more than caches hold, as in decoding."""
MARGIN = 0.95
"""The fraction of the plain time below which another form is used."""


def cache_file() -> Path:
    """The file of what was measured, in the user's cache folder; the variable `CUTAWAY_CACHE` names another folder."""
    if chosen := os.environ.get("CUTAWAY_CACHE"):
        return Path(chosen) / "kernels.json"
    homes = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": Path.home() / "Library" / "Caches"}
    home = os.environ.get("XDG_CACHE_HOME") or homes.get(sys.platform) or Path.home() / ".cache"
    return Path(home) / "cutaway" / "kernels.json"


def is_faster(make: Callable[[Tensor], Stored], weights: Sequence[Tensor]) -> bool:
    """Whether one row is multiplied by matrices of one shape faster in another form than in the plain one.

    The ratio is measured if it is not known of this processor, version of torch and number of threads.

    Args:
        make: stores a matrix in the other form.
        weights: the matrices.
    """
    shape, dtype = weights[0].shape, str(weights[0].dtype).removeprefix("torch.")
    machine = f"{processor()}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    case = f"{dtype} {shape[0]} x {shape[1]}"
    known = _read()
    ratios = known.setdefault(machine, {})
    if not isinstance(ratios.get(case), float):
        ratios[case] = round(measure(make, weights), 3)
        with suppress(OSError, JobError):  # a folder that cannot be written: it is measured again next time
            cache_file().parent.mkdir(parents=True, exist_ok=True)
            write_json(cache_file(), known)
    found: float = ratios[case]
    return found < MARGIN


def measure(make: Callable[[Tensor], Stored], weights: Sequence[Tensor]) -> float:
    """The time of a row in another form divided by that in the plain one: medians of repeats in turn."""
    bytes_each = weights[0].numel() * weights[0].element_size()
    plain = list(weights)[: -(-ENOUGH // bytes_each)]
    stored = [make(weight) for weight in plain]
    x = torch.randn(1, weights[0].shape[1], generator=torch.Generator().manual_seed(0)).to(weights[0])
    ways: tuple[Callable[[], Any], ...] = (
        lambda: [one.product(x, None) for one in stored],
        lambda: [F.linear(x, weight) for weight in plain],
    )
    seconds: tuple[list[float], ...] = ([], [])
    for _ in range(1 + REPEATS):
        for way, times in zip(ways, seconds, strict=True):
            start = time.perf_counter()
            way()
            times.append(time.perf_counter() - start)
    ours, theirs = (median(times[1:]) for times in seconds)  # the first warms up
    return ours / theirs


def _read() -> dict[str, Any]:
    """What is known; nothing if the file is missing or unreadable, as it can be measured again."""
    try:
        found = read_json(cache_file()) if cache_file().exists() else {}
    except (UserError, OSError):
        return {}
    is_whole = isinstance(found, dict) and all(isinstance(ratios, dict) for ratios in found.values())
    return found if is_whole else {}
