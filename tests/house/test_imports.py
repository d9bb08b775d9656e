"""Importing is lazy: nothing heavy is loaded before it is needed, and what is offered exists.

That floors import only floors below them is held by import-linter (`make check`; the contract is in pyproject.toml).
"""

import ast
import inspect
import pkgutil
from types import ModuleType

import pytest

import cutaway
import cutaway.data
import cutaway.model
import cutaway.nn
import cutaway.training
from support import run_python

HEAVY = ("numpy", "pydantic", "torch")
EXPORTING = (cutaway, cutaway.data, cutaway.model, cutaway.nn, cutaway.training)
NAMES = [(package, name) for package in EXPORTING for name in package._HOMES]
COMMAND = """
import atexit, os, sys
def tell():
    print("torch:", "loaded" if "torch" in sys.modules else "not loaded")
    sys.stdout.flush()
    os._exit(0)
atexit.register(tell)
from cutaway.cli import main
sys.argv[0] = "cutaway"
main()
"""
"""Runs a command; then prints whether torch was loaded, and ends without an error."""
WITHOUT_TORCH = {
    "--help": "Usage: cutaway",
    "help train": "Usage: cutaway train",
    "config": "train.steps=2000",
    "config n_layer": "model.layers=4",
    "presets": "gpt-nano",
    "presets gpt-nano": "steps: 600",
    "train gpt-nano nonsense.key=1": "",
    "train gpt-naon": "",
    "train gpt-nano --task mlmm": "",
    "train gpt-nano model.width=x": "",
    "train gpt-nano steps 100": "",
}
"""Commands, and what they print to standard output."""


@pytest.mark.parametrize("package", EXPORTING, ids=lambda package: package.__name__)
def test_importing_the_package_loads_nothing_heavy(package: ModuleType) -> None:
    loaded = run_python(f"import sys, {package.__name__}; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded.strip() == "[]", f"import {package.__name__} loads {loaded}"


@pytest.mark.parametrize(("words", "printed"), WITHOUT_TORCH.items(), ids=WITHOUT_TORCH)
def test_a_quick_command_does_not_load_torch(words: str, printed: str) -> None:
    shown = run_python(COMMAND, *words.split())
    assert printed in shown
    assert shown.splitlines()[-1] == "torch: not loaded"


@pytest.mark.parametrize(("package", "name"), NAMES, ids=[f"{package.__name__}.{name}" for package, name in NAMES])
def test_every_name_is_there(package: ModuleType, name: str) -> None:
    value = getattr(package, name)
    home = getattr(value, "__module__", package._HOMES[name])  # a constant does not say
    assert home.startswith(package._HOMES[name])


@pytest.mark.parametrize("package", EXPORTING, ids=lambda package: package.__name__)
def test_what_a_package_shows_is_what_it_exports_also_to_type_checkers(package: ModuleType) -> None:
    assert dir(package) == package.__all__ == sorted(package._HOMES)
    assert told_to_type_checkers(package) == package._HOMES


@pytest.mark.parametrize("package", EXPORTING, ids=lambda package: package.__name__)
def test_no_name_is_also_that_of_a_module(package: ModuleType) -> None:
    """Importing the module would put it in the place of what is exported."""
    assert not {module.name for module in pkgutil.iter_modules(package.__path__)} & {*package.__all__}


@pytest.mark.parametrize("package", EXPORTING, ids=lambda package: package.__name__)
def test_an_unknown_name_is_refused(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'unheard_of'"):
        _ = package.unheard_of


def told_to_type_checkers(package: ModuleType) -> dict[str, str]:
    """Name to module, for each indented import in the package's own file: those under `if TYPE_CHECKING`."""
    statements = (node for node in ast.walk(ast.parse(inspect.getsource(package))) if isinstance(node, ast.ImportFrom))
    return {alias.asname: node.module for node in statements for alias in node.names if node.col_offset}
