"""Writes docs/reference.md: every key of a run, every command and every public name, from the code itself.

python docs/make_reference.py [FILE]
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from cutaway.cli.app import app
from cutaway.config.reference import Key, all_keys

PAGE = Path(__file__).parent / "reference.md"
PACKAGES = (
    "cutaway",
    "cutaway.config",
    "cutaway.nn",
    "cutaway.model",
    "cutaway.data",
    "cutaway.training",
    "cutaway.interpret",
)
TYPES = {int: "INTEGER", float: "NUMBER", Path: "PATH"}
START = """# Reference

Every key of a run, every command and every public name. This page is written by `make reference` from the code.
"""
KEYS = """## Keys

A key is written as `key=value` after `cutaway train PRESET`, or nested in a run file. `cutaway config KEY` shows the
same in a terminal. A last part that only one key has is enough: `steps=200`. A group that has kinds is chosen by its
name: `model.position=rotary`; its keys follow it, and some of them exist for some kinds only.
"""
COMMANDS = """## Commands

`-` and `_` are the same in options. The exit status is 0 for success, 1 for a failed job or check, 2 for a wrong use.
"""
PYTHON = """## Python

Each name is imported when it is first used.
"""


def page() -> str:
    """The whole page."""
    commands = [
        described(one.name or one.callback.__name__, one.callback, one.help)
        for one in app.registered_commands
        if one.callback is not None
    ]
    parts = [START, KEYS, *keys(), COMMANDS, *commands, PYTHON]
    parts += [names for package in PACKAGES if (names := public(package))]
    return "\n".join(parts)


def keys() -> Iterator[str]:
    """A section for each group of keys."""
    groups = {key.group for key in all_keys()}
    sections: dict[str, list[list[str]]] = {}
    for key in all_keys():
        default = key.default if key.default == "required" else code(key.default)
        group = key.key if key.key in groups else key.group
        sections.setdefault(group, []).append([code(key.key), key.type, default, meaning(key)])
    for group, rows in sections.items():
        yield f"### {code(group) if group else 'The run'}\n\n{table(['key', 'type', 'default', 'meaning'], rows)}"


def meaning(key: Key) -> str:
    """What a key means, and for which kinds."""
    return key.meaning + (f"; only with {' or '.join(map(code, key.kinds))}" if key.kinds else "")


def described(name: str, function: Callable[..., object], text: str | None) -> str:
    """A section about a command, which is a function with typer's annotations."""
    rows = [
        [
            ", ".join(map(code, calls(parameter))),
            shown(parameter.default),
            " ".join((said(parameter).help or "").split()),
        ]
        for parameter in inspect.signature(function).parameters.values()
        if get_origin(parameter.annotation) is Annotated
    ]
    lines = [paragraph(part) for part in inspect.cleandoc(text or function.__doc__ or "").split("\n\n")]
    listed = [table(["argument or option", "default", "meaning"], rows)] if rows else [""]
    return "\n\n".join([f"### {code(f'cutaway {name}')}", *lines, *listed])


def paragraph(text: str) -> str:
    """A paragraph of a help text; an example of a command becomes code."""
    joined = " ".join(text.split())
    return code(joined) if joined.startswith("cutaway ") else joined


def said(parameter: inspect.Parameter) -> Any:
    """What typer is told of a parameter."""
    return get_args(parameter.annotation)[1]


def calls(parameter: inspect.Parameter) -> list[str]:
    """How an argument or an option is written."""
    type_, told = get_args(parameter.annotation)
    names = [one for one in (told.default, *(told.param_decls or ())) if isinstance(one, str)]
    if isinstance(told, typer.models.ArgumentInfo):
        return [told.metavar or parameter.name.upper()]
    name = "--" + parameter.name.replace("_", "-")
    if type_ is bool:
        return names or [name, name.replace("--", "--no-", 1)]
    word = next((word for kind, word in TYPES.items() if kind in (type_, *get_args(type_))), "TEXT")
    return [f"{one} {told.metavar or word}" for one in names or [name]]


def shown(default: object) -> str:
    """A default, if it says something."""
    return "" if any(default is one for one in (None, False, inspect.Parameter.empty)) else code(str(default))


def public(package: str) -> str:
    """A section about the public names of a package; empty if it has none."""
    module = import_module(package)
    rows = [[code(name + signature(value)), first_line(value)] for name, value in exported(module)]
    return f"### {code(package)}\n\n{table(['name', 'meaning'], rows)}" if rows else ""


def exported(module: Any) -> Iterator[tuple[str, Any]]:
    """The public names of a module, and what they stand for."""
    for name in getattr(module, "__all__", []):
        yield name, getattr(module, name)


def signature(value: Any) -> str:
    """The parameters of a function or a class as its source has them; empty if it is something else."""
    if inspect.isclass(value):
        return class_signature(value)
    if not callable(value):
        return ""
    tree = parsed(inspect.unwrap(value))
    returns = f" -> {ast.unparse(tree.returns)}" if tree.returns is not None else ""
    return f"({ast.unparse(tree.args)}){returns}"


def class_signature(value: type) -> str:
    """The parameters of a class: those of its own constructor, or the fields of a record."""
    if issubclass(value, BaseException):
        return ""
    body = parsed(value).body
    made = [one for one in body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    if made:
        made[0].args.args = made[0].args.args[1:]
        return f"({ast.unparse(made[0].args)})"
    if hasattr(value, "__dataclass_fields__"):
        fields = [ast.unparse(one) for one in body if isinstance(one, ast.AnnAssign)]
        return f"({', '.join(fields)})"
    return ""


def parsed(value: Any) -> Any:
    """The syntax of a function or a class."""
    return ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]


def first_line(value: Any) -> str:
    """The first paragraph of a docstring, in one line; the value of a constant."""
    if not callable(value):
        return code(repr(value))
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def code(text: str) -> str:
    """Text as code; it may be in a table."""
    return f"`{text}`"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else PAGE).write_text(page(), encoding="utf-8")
