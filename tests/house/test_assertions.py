"""An assert says what must hold, and so what went wrong; it is no way to tell the type checker of a narrower type.

A function takes the narrow type instead, or a mistake that a person can make is a `UserError`.
"""

import ast
from collections.abc import Iterator

from house.sources import Source, hold, sources


def test_every_assert_has_a_message() -> None:
    hold(without_message, sources("src"))


def without_message(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert) and node.msg is None:
            yield source.at(node, f"`{ast.unparse(node)}` has no message: say what must hold, or take a narrower type")
