"""Models say what they take, never leave the device in a forward, and never print."""

import ast
from collections.abc import Iterator

from house.sources import PACKAGE, Source, hold, sources

LEAVING = ("item", "tolist")


def test_models_take_no_keyword_rest() -> None:
    hold(keyword_rest, sources("src/cutaway/nn", "src/cutaway/model"))


def test_a_forward_leaves_numbers_on_the_device() -> None:
    hold(leaves_device, sources("src"))


def test_only_the_command_line_prints() -> None:
    hold(prints, (source for source in sources("src") if PACKAGE / "cli" not in source.path.parents))


def keyword_rest(source: Source) -> Iterator[str]:
    for function in source.functions():
        if function.args.kwarg:
            yield source.at(function, f"{function.name} takes **{function.args.kwarg.arg}: name what it takes")


def leaves_device(source: Source) -> Iterator[str]:
    for forward in source.forwards():
        for node in ast.walk(forward):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in LEAVING:
                yield source.at(node, f"{ast.unparse(node)} in a forward waits for the device and breaks the graph")


def prints(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            yield source.at(node, "only cli/ prints: return the text, or hand it to a callback")
