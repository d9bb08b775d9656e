"""Importing is lazy: nothing heavy is loaded before it is needed, and what is offered exists.

That floors import only floors below them is held by import-linter (`make check`; the contract is in pyproject.toml).
"""

import ast
import inspect

import pytest

import cutaway
from support import run_python

HEAVY = ("numpy", "pydantic", "torch")
HELP = """
import atexit, sys
atexit.register(lambda: print("torch:", "loaded" if "torch" in sys.modules else "not loaded"))
sys.argv = ["cutaway", "--help"]
from cutaway.cli import main
main()
"""


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = run_python(f"import sys, cutaway; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded.strip() == "[]", f"import cutaway loads {loaded}"


def test_help_does_not_load_torch() -> None:
    shown = run_python(HELP)
    assert "Usage: cutaway" in shown
    assert shown.splitlines()[-1] == "torch: not loaded"


@pytest.mark.parametrize("name", cutaway.__all__)
def test_every_name_is_there_and_told_to_type_checkers(name: str) -> None:
    assert name in dir(cutaway)
    assert getattr(cutaway, name) is not None
    assert told_to_type_checkers()[name] == cutaway._HOMES[name]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'transformer'"):
        _ = cutaway.transformer


def told_to_type_checkers() -> dict[str, str]:
    """Name to module, for each indented import in the package's own file: those under `if TYPE_CHECKING`."""
    statements = (node for node in ast.walk(ast.parse(inspect.getsource(cutaway))) if isinstance(node, ast.ImportFrom))
    return {alias.name: node.module for node in statements for alias in node.names if node.col_offset}
