"""Output: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any

import typer

from cutaway.display import figure

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(value: Any) -> None:
    """Prints one JSON document, with JSON's own escapes for what the terminal's encoding cannot hold."""
    text = as_text(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text))
    print(text)


def in_one_line(text: str) -> str:
    r"""A text for output with one line per input: line breaks are written as `\n` and `\r`."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def as_text(value: Any) -> str:
    """One line of JSON; records become objects, arrays lists."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value.tolist() if hasattr(value, "tolist") else str(value)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Prints one fact per line, names on the left."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"{name:<{width}}  {figure(value)}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows below the names of their columns."""
    cells = [list(columns), *([figure(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
