"""Runs the code in one document as a reader would: from top to bottom, in the folder they are in.

    python run.py DOCUMENT [WITHOUT]

Python blocks share their names. Of bash blocks, each command runs by itself, but for those that set the machine up, and
those that hold the word WITHOUT. A block that begins with the line `# not run` is left out; one with a title is written
to the file of that name. A package that is installed by `pip install -e FOLDER` becomes importable, with its entry
points. Ends with the place of the first block that fails.

A plain `cutaway ...` runs in a process of its own too, but in one forked from a process that has imported torch and
what such a command imports: doing so for each of them would take longer than most of them do.
"""

import importlib
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import tomllib

FENCE = re.compile(r'^ *```(python|bash|toml)(?: title="([^"]+)")?\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)
SET_UP = ("cd", "git", "make", "pip")
SHELL = frozenset("|&;<>$`*~")
"""Signs by which a command is left to bash."""
COMMENT = re.compile(r"""\s#[^'"]*$""")


@dataclass(frozen=True)
class Block:
    """Code in a document, and the line it begins at."""

    language: str
    code: str
    line: int
    title: str | None = None


def blocks(text: str) -> Iterator[Block]:
    """The blocks that run, in order."""
    for fence in FENCE.finditer(text):
        code = textwrap.dedent(fence[3])
        if not code.startswith("# not run"):
            yield Block(fence[1], code, text.count("\n", 0, fence.start(3)) + 1, fence[2])


def commands(block: Block) -> Iterator[tuple[int, str]]:
    """The commands of a bash block with their lines; a command that ends in a backslash goes on."""
    start = block.line
    for command in re.split(r"(?<!\\)\n", block.code):
        words = command.split()
        if words[:3] == ["pip", "install", "-e"] and words[3] != ".":
            install(Path(words[3]))
        elif words and not words[0].startswith("#") and words[0] not in SET_UP:
            yield start, command
        start += command.count("\n") + 1


def run(document: Path, without: str | None = None) -> None:
    """Runs every block; leaves the process with a message at the first that fails."""
    names: dict[str, Any] = {"__name__": "__main__"}
    all_blocks = list(blocks(document.read_text(encoding="utf-8")))
    forker = Forker() if any(block.language == "bash" and "cutaway " in block.code for block in all_blocks) else None
    try:
        for block in all_blocks:
            if block.title is not None:
                Path(block.title).parent.mkdir(parents=True, exist_ok=True)
                Path(block.title).write_text(block.code, encoding="utf-8")
            elif block.language == "python":
                run_python(block, document, names)
            elif block.language == "bash":
                run_bash(block, document, forker, without)
    finally:
        if forker:
            forker.close()


def install(folder: Path) -> None:
    """Installs a package in place, without a network: writes its metadata beside it, and extends the path."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = folder / f"{project['name']}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    groups = project["entry-points"].items()
    lines = [line for group, names in groups for line in (f"[{group}]", *(f"{k} = {v}" for k, v in names.items()))]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.path.insert(0, str(folder.resolve()))


def run_python(block: Block, document: Path, names: dict[str, Any]) -> None:
    padded = "\n" * (block.line - 1) + block.code  # so that a traceback shows the document's own lines
    try:
        exec(compile(padded, str(document), "exec"), names)
    except Exception:
        traceback.print_exc()
        sys.exit(f"{document}:{block.line}: this python block fails")


def run_bash(block: Block, document: Path, forker: "Forker | None", without: str | None) -> None:
    for line, command in commands(block):
        if without is not None and without in command:
            continue
        if forker and command.startswith("cutaway ") and not SHELL.intersection(without_comment(command)):
            status = forker.run(shlex.split(command.replace("\\\n", " "), comments=True))
        else:
            status = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, check=False).returncode
        if status:
            sys.exit(f"{document}:{line}: exit status {status} from: {command}")


def without_comment(command: str) -> str:
    """A command up to a comment at its end; quotes may hold the sign of a comment."""
    return COMMENT.sub("", command)


class Forker:
    """Runs commands, each in a fork of a process that has imported much and done nothing yet.

    That process is itself forked before any block runs: threads, which a block may start, do not survive a fork.
    """

    def __init__(self) -> None:
        importlib.import_module("cutaway.runs.run")
        self._orders, orders = multiprocessing.Pipe()
        FORK.Process(target=serve, args=(orders,)).start()

    def run(self, words: list[str]) -> int:
        """The exit status of a command."""
        self._orders.send(words)
        return self._orders.recv()

    def close(self) -> None:
        self._orders.send(None)


def serve(orders: Connection) -> None:
    for words in iter(orders.recv, None):
        for name in IMPORTS.get(words[1], ()):
            importlib.import_module(name)
        process = FORK.Process(target=run_cutaway, args=(words,))
        process.start()
        process.join()
        orders.send(process.exitcode or 0)


def run_cutaway(words: list[str]) -> None:
    from cutaway.cli import main

    sys.path[:0] = [str(path.parent.resolve()) for path in Path().glob("*/*.dist-info")]
    sys.argv = words
    main()


os.fsync = lambda descriptor: None  # it is slow, and helps against power cuts only
FORK = multiprocessing.get_context("fork")
IMPORTS = {
    "train": ["torch._dynamo"],
    "evaluate": ["sklearn.metrics"],
    "export": ["transformers.modeling_utils"],
    "check": ["transformers.modeling_utils"],
}
"""What a command imports that is large."""


if __name__ == "__main__":
    run(Path(sys.argv[1]), *sys.argv[2:])
