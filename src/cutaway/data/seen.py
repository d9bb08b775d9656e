"""What a reader recognises in a file or a folder, before anything is trained on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.config.data import DataKind
from cutaway.data.readers import opened, read_text, split_lines
from cutaway.data.signatures import LONGEST_SIGNATURE, known_format
from cutaway.errors import UserError

LINES_SEEN = 200
CHOOSE_FIELDS = "choose the fields with data.field= and data.target="
CHOOSE_NUMBERS = "choose the columns by their numbers, from 1, with data.field= and data.target="


@dataclass(frozen=True)
class Seen:
    """What was recognised.

    Attributes:
        kinds: what it can be read as, the likeliest first.
        words: what was seen, in words.
        choices: the assignments that reading it needs, as `override` takes them.
    """

    kinds: tuple[DataKind, ...]
    words: str
    choices: tuple[str, ...] = ()


def assignments(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Values by key as `override` takes them; without those that are None."""
    return tuple(f"{key}={json.dumps(one, ensure_ascii=False)}" for key, one in given.items() if one is not None)


def unclear(seen: str, advice: str = CHOOSE_FIELDS) -> UserError:
    """The refusal of what no reader recognises."""
    return UserError(f"{seen}: what this is for is unclear; {advice}, or the task with --task")


def first_lines(path: Path) -> list[str]:
    """The first lines of a file, without the last of them, which may be cut short.

    Raises:
        UserError: it is not text.
    """
    with opened(path) as file:
        text = next(iter(read_text(file, str(path))), "")
    if "\0" in text:
        what = known_format(text[:LONGEST_SIGNATURE].encode()) or "not text: give text, a table, or a folder of files"
        raise UserError(f"{path} is {what}")
    return split_lines(text)[:LINES_SEEN]
