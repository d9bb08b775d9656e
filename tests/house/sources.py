"""The project's own files, as the house tests read them."""

import ast
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from support import ROOT, require_binary

PACKAGE = Path("src/cutaway")
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the repository, its text and its syntax."""

    path: Path
    text: str
    tree: ast.Module

    def at(self, node: ast.AST, message: str) -> str:
        """A complaint about one place, in the form that editors turn into a link."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def forwards(self) -> Iterator[Function]:
        """The forward passes."""
        return (node for node in self.functions() if node.name == "forward")


@cache
def project_files() -> tuple[Path, ...]:
    """The files that belong to the repository, as git sees them: tracked, or new and not ignored."""
    command = [require_binary("git"), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(path for path in map(Path, listed) if (ROOT / path).is_file())


def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files of these folders, given from the root of the repository."""
    return tuple(source for folder in folders for source in _sources(folder))


@cache
def _sources(folder: str) -> tuple[Source, ...]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return tuple(
        Source(path.relative_to(ROOT), text, ast.parse(text, path)) for path, text in zip(paths, texts, strict=True)
    )


def hold(rule: Callable[[Source], Iterable[str]], files: Iterable[Source]) -> None:
    """Fails with every complaint that the rule has about these files."""
    complaints = [complaint for source in files for complaint in rule(source)]
    assert not complaints, "\n" + "\n".join(complaints)
