"""Rendering chat templates. Templates are untrusted programs: a process with limited resources runs this file.

It imports nothing of cutaway, so that the process starts quickly.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY_BYTES = 1 << 29


def render(template: str, variables: Mapping[str, Any], longest: int = 1 << 20) -> str:
    """Renders a template as `transformers` does.

    Args:
        template: the program.
        variables: what it reads.
        longest: the most characters that it may write.

    Raises:
        jinja2.TemplateError: the template is malformed, does what the sandbox forbids, rejects the chat, or writes
            more.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals |= {
        "raise_exception": _raise,
        "strftime_now": lambda form: datetime.now().strftime(form),
    }
    pieces, length = [], 0
    for piece in environment.from_string(template).generate(**variables):
        length += len(piece)
        if length > longest:
            raise jinja2.exceptions.TemplateError(f"it writes more than {longest:,} characters")
        pieces.append(piece)
    return "".join(pieces)


class _Generation(Extension):
    """`{% generation %}` marks the assistant's text for training; it does not change the text."""

    tags = {"generation"}  # noqa: RUF012 (the library asks for it)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def _raise(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _limit_memory() -> None:
    """Limits the memory of this process where the system can; elsewhere only the time is limited.

    Windows has no such limits, and macOS rejects this one.
    """
    with suppress(ImportError, ValueError, OSError):
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _main() -> None:
    _limit_memory()
    given = json.load(sys.stdin)
    try:
        answer = {"text": render(given["template"], given["variables"], given["longest"])}
    except Exception as error:  # a template may raise anything
        answer = {"error": f"{error}" or type(error).__name__}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
