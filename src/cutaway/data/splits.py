"""Files and folders that are named after the splits of a data set."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TRAINING = ("train", "training")
VALIDATION = ("validation", "valid", "val", "validate", "dev", "eval")
TEST = ("test", "testing")


class Split(NamedTuple):
    """What to train on, what to validate on, if there is any, and what is left for a later evaluation."""

    training: Path
    validation: Path | None
    others: tuple[Path, ...]


def split_of(paths: Iterable[Path]) -> Split | None:
    """The splits among files or folders; None without one to train on. Without another, the test split validates."""
    by_name = {path.name.split(".")[0].lower(): path for path in sorted(paths)}
    found = [by_name[name] for name in TRAINING if name in by_name]
    others = [by_name[name] for name in (*VALIDATION, *TEST) if name in by_name]
    return Split(found[0], next(iter(others), None), tuple(others[1:])) if found else None
