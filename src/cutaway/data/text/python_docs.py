"""A text that comes with every Python installation: nothing to download."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from cutaway.errors import UserError

NAME = "python-docs"


def python_docs() -> str:
    """Python's help topics, or the docstrings of its modules if a distribution leaves the topics out.

    It differs between Python versions: compare the sha256 that the preparation records.

    Raises:
        UserError: this Python has neither.
    """
    text = _topics() or "\n\n".join(filter(None, _docstrings()))
    if not text:
        raise UserError(f"this Python was installed without its documentation: give a text file instead of {NAME}")
    return text


def _topics() -> str:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return ""
    return "\n\n".join(topics[name] for name in sorted(topics))


def _docstrings() -> Iterator[str | None]:
    """The docstrings of the standard library's modules, read without importing them."""
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node)
