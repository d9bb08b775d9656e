"""From the arguments of `train` and `plan` to the choices of a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.config.run import RunConfig


def sort_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Separates names from ``key=value`` assignments, in any order."""
    return [word for word in words if "=" not in word], [word for word in words if "=" in word]


def from_options(options: dict[str, Any]) -> list[str]:
    """Assignments of the given options; text is quoted, so that it stays text."""
    given = {key: value for key, value in options.items() if value is not None}
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items()]


def only_name(names: list[str]) -> str:
    """The preset or run file.

    Raises:
        UserError: there is none, or several, or something else; says what was probably meant.
    """
    from cutaway.config.reading import is_run_file, presets

    for name in names:
        if name.lower() not in presets() and not is_run_file(name):
            _refuse_if_known_otherwise(name)
    if len(names) != 1:
        given = f"not {len(names)} ({', '.join(names)})" if names else "such as gpt-nano"
        raise UserError(f"name one preset or run file, {given}; there are: {', '.join(presets())}")
    return names[0]


def choose(name: str, assignments: list[str]) -> "RunConfig":
    """Reads a preset, in upper or lower case, or a run file, and applies assignments.

    Raises:
        UserError: there is no such preset or file, or no such choice.
    """
    from cutaway.config.reading import override, read_config

    return override(read_config(name), assignments)


def _refuse_if_known_otherwise(name: str) -> None:
    from cutaway.config.other_names import answer, keys_meant
    from cutaway.config.reference import dotted_keys

    if (Path(name) / "run.yaml").exists():
        raise UserError(f"{name} is a run: resume it with --resume {name}, or start a new one from {name}/run.yaml")
    if Path(name).exists():
        raise UserError(f"{name} is neither a preset nor a run file; if it is the training text, write --data {name}")
    word = name.replace("-", "_")
    if keys := keys_meant(word, dotted_keys()):
        raise UserError(f"{name} has no value: write {' or '.join(f'{key}=VALUE' for key in keys[:2])}, without spaces")
    if answer(word):
        raise UserError(answer(word))
