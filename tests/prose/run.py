"""Runs the code in one document as a reader would: from top to bottom, in the folder they are in.

    python run.py DOCUMENT

Python blocks share their names. Of bash blocks, each command runs by itself, but for those that set the machine up. A
block that begins with the line `# not run` is left out. Ends with the place of the first block that fails.

A plain `cutaway ...` runs in a process of its own too, but in one that a server has forked: importing torch, what its
optimizers import, and the metrics anew for each of them would take longer than most of them do.
"""

import multiprocessing
import re
import shlex
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^ *```(python|bash)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SET_UP = ("cd", "git", "make", "pip")
SHELL = frozenset("|&;<>$`*~")
"""Signs by which a command is left to bash."""


@dataclass(frozen=True)
class Block:
    """Code in a document, and the line it begins at."""

    language: str
    code: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The blocks that run, in order."""
    for fence in FENCE.finditer(text):
        code = textwrap.dedent(fence[2])
        if not code.startswith("# not run"):
            yield Block(fence[1], code, text.count("\n", 0, fence.start(2)) + 1)


def commands(block: Block) -> Iterator[tuple[int, str]]:
    """The commands of a bash block with their lines; a command that ends in a backslash goes on."""
    start = block.line
    for command in re.split(r"(?<!\\)\n", block.code):
        words = command.split()
        if words and not words[0].startswith("#") and words[0] not in SET_UP:
            yield start, command
        start += command.count("\n") + 1


def run(document: Path) -> None:
    """Runs every block; leaves the process with a message at the first that fails."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(document.read_text(encoding="utf-8")):
        if block.language == "python":
            run_python(block, document, names)
        else:
            run_bash(block, document)


def run_python(block: Block, document: Path, names: dict[str, Any]) -> None:
    padded = "\n" * (block.line - 1) + block.code  # so that a traceback shows the document's own lines
    try:
        exec(compile(padded, str(document), "exec"), names)
    except Exception:
        traceback.print_exc()
        sys.exit(f"{document}:{block.line}: this python block fails")


def run_bash(block: Block, document: Path) -> None:
    for line, command in commands(block):
        plain = command.startswith("cutaway ") and not SHELL.intersection(command)
        status = run_forked(shlex.split(command.replace("\\\n", " "), comments=True)) if plain else run_shell(command)
        if status:
            sys.exit(f"{document}:{line}: exit status {status} from: {command}")


def run_shell(command: str) -> int:
    return subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, check=False).returncode


def run_forked(words: list[str]) -> int:
    process = SERVER.Process(target=run_cutaway, args=(words,))
    process.start()
    process.join()
    return process.exitcode or 0


def run_cutaway(words: list[str]) -> None:
    from cutaway.cli import main

    sys.argv = words
    main()


SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["torch._dynamo", "sklearn.metrics", "cutaway.cli", "cutaway.runs.run"])


if __name__ == "__main__":
    run(Path(sys.argv[1]))
