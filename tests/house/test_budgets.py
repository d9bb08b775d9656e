"""No file, function, signature or forward grows past its budget (when one does, find the missing idea).

Docstrings don't count; blank lines and comments do, since they are read too. Signatures in `cli/` are a person's
options and may be long.
"""

import ast
from collections.abc import Iterator

from house.sources import PACKAGE, Function, Source, hold, sources

FILE_LINES = 300
FUNCTION_LINES = 50
FORWARD_LINES = 25
PARAMETERS = 8


def test_every_budget_is_kept() -> None:
    hold(over_budget, sources("src", "tests", "benchmarks"))


def over_budget(source: Source) -> Iterator[str]:
    lines = len(source.text.splitlines()) - docstring_lines(source.tree)
    if lines > FILE_LINES:
        yield source.at(source.tree, f"the file has {lines} lines, the budget is {FILE_LINES}")
    methods = {child for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef) for child in node.body}
    for function in source.functions():
        lines = function.end_lineno - function.lineno + 1 - docstring_lines(function)
        budget = FORWARD_LINES if function.name == "forward" else FUNCTION_LINES
        if lines > budget:
            yield source.at(function, f"{function.name} has {lines} lines, the budget is {budget}")
        parameters = count_parameters(function, is_method=function in methods)
        if parameters > PARAMETERS and PACKAGE / "cli" not in source.path.parents:
            yield source.at(function, f"{function.name} has {parameters} parameters, the budget is {PARAMETERS}")


def docstring_lines(tree: ast.AST) -> int:
    """The lines of bare string statements: docstrings, and the documentation under a constant."""
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Expr) and is_string(node.value))
    return sum(node.end_lineno - node.lineno + 1 for node in strings)


def is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def count_parameters(function: Function, *, is_method: bool) -> int:
    """All that a caller may give: neither `self` nor `cls`."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    is_bound = is_method and not any(getattr(mark, "id", "") == "staticmethod" for mark in function.decorator_list)
    return len(named) + len(starred) - is_bound
