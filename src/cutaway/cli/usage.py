"""Errors in the use of a command, in one line that says what was probably meant."""

import re
import sys
from collections.abc import Iterable
from itertools import pairwise

import typer

from cutaway.errors import closest, nearest

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""The exception of typer for arguments that do not fit the command; it exports no name for it."""


NO_COMMAND = re.compile(r"No such command '(.+?)'")


def explain(error: Exception) -> str:
    """A usage error in one line."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is not None and hasattr(error, "possibilities"):
        option: str = getattr(error, "option_name", "")
        return f"there is no option {option!r}; {_meant(option, context)}"
    unknown = NO_COMMAND.search(str(error))
    if context is not None and unknown:
        return unknown_command(unknown[1], getattr(context.command, "commands", {}))
    message = str(getattr(error, "format_message", error.__str__)()).removesuffix(".")
    command = "cutaway" if context is None else context.command_path
    return f"{message[:1].lower()}{message[1:]} ({command} --help says more)"


def unknown_command(name: str, known: Iterable[str]) -> str:
    """What to write instead of a command that does not exist."""
    from cutaway.config.reading import presets

    if name.lower() in presets():
        return f"there is no command {name!r}, but a preset: write cutaway train {name}"
    found = closest(name, known)
    meant = f"did you mean {' or '.join(map(repr, found))}?" if found else "cutaway --help lists all"
    return f"there is no command {name!r}; {meant}"


def _meant(option: str, context: typer.Context) -> str:
    from cutaway.config.other_names import answer

    parameters = {parameter.name: parameter.opts for parameter in context.command.params}
    keys = _keys(option) if "words" in parameters else []
    if "words" in parameters and (elsewhere := answer(_word(option))):
        return elsewhere
    if keys:
        return f"write {' or '.join(f'{key}={_value(option)}' for key in keys[:2])}"
    hint = nearest(option, [name for names in parameters.values() for name in names if name.startswith("--")])
    takes_text = parameters.keys() & {"prompt", "text", "question", "numbers"}
    return f"{hint} (a text that starts with - goes after --)" if takes_text else hint


def _keys(option: str) -> list[str]:
    """The keys of a run that an option may mean: train.steps for --steps, model.layers for --n-layer."""
    from cutaway.config.other_names import keys_meant
    from cutaway.config.reference import dotted_keys

    return keys_meant(_word(option), dotted_keys())


def _word(option: str) -> str:
    return option.strip("-").replace("-", "_")


def _value(option: str) -> str:
    """The value given to an option, in the same word or in the next one."""
    for word, following in pairwise([*sys.argv, ""]):
        name, equals, value = word.partition("=")
        if name.replace("_", "-") == option:
            is_value = following[:1] not in ("", "-") and "=" not in following
            return value if equals else following if is_value else "VALUE"
    return "VALUE"
