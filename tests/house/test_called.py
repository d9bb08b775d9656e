"""Submodules are called, never bypassed: no equation reads the weight of another module."""

import ast
from collections.abc import Iterator

from house.sources import PACKAGE, Source, hold, sources

APART = {
    PACKAGE / "model/init.py",  # draws weights
    PACKAGE / "model/formats.py",  # puts other layers in the place of those whose weights it reads
    PACKAGE / "nn/layers.py",  # makes layers over weights that are there
    PACKAGE / "nn/plain.py",  # tells whether a layer may be bypassed
    PACKAGE / "model/parts",  # reads choices, some of which are called weight
}
ABSORBED = "absorbed"
"""The body of latent attention that stands in for two layers while these are plain."""


def test_no_equation_reads_the_weight_of_another_module() -> None:
    hold(bypasses, sources("src/cutaway/nn", "src/cutaway/model"))


def bypasses(source: Source) -> Iterator[str]:
    if {source.path, source.path.parent} & APART:
        return
    excused = {node for function in source.functions() if function.name == ABSORBED for node in ast.walk(function)}
    for node in ast.walk(source.tree):
        if node not in excused and reads_weight(node):
            yield source.at(node, f"`{ast.unparse(node)}` is another module's: call it, so that hooks and adapters act")


def reads_weight(node: ast.AST) -> bool:
    """`self.layer.weight`, `layer.weight` and `self.layer.bias`, but not `self.weight`.

    Nor `name.bias`: a geometry has one, and whoever reads the bias of a layer reads its weight too.
    """
    match node:
        case ast.Attribute(attr="weight", value=ast.Name(id=owner)):
            return owner != "self"
        case ast.Attribute(attr="weight" | "bias", value=ast.Attribute()):
            return True
    return False
