"""Only the builder reads a model config: the equations and the parts made of them take numbers and modules."""

import ast
from collections.abc import Iterator

from house.sources import PACKAGE, Source, hold, sources

BUILDERS = (PACKAGE / "model/build.py", PACKAGE / "model/parts")
CARRIERS = (PACKAGE / "model/run_folder.py", PACKAGE / "model/cost.py")  # they pass a whole run's choices on, unread


def test_only_the_builder_reads_a_model_config() -> None:
    hold(config_imports, sources("src/cutaway/nn", "src/cutaway/model"))


def config_imports(source: Source) -> Iterator[str]:
    if {source.path, source.path.parent} & set(BUILDERS):
        return
    for node in ast.walk(source.tree):
        for name in imported(node):
            is_carried = name == "cutaway.config.RunConfig" and source.path in CARRIERS
            if (name + ".").startswith("cutaway.config.") and not is_carried:
                yield source.at(
                    node, f"imports {name}; only model/build.py and model/parts may: take numbers and modules instead"
                )


def imported(node: ast.AST) -> list[str]:
    """The full names that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
