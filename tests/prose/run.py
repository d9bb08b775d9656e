"""Runs the code in one document as a reader would: from top to bottom, in the folder they are in.

    python run.py DOCUMENT

Python blocks share their names. Of bash blocks, each command runs by itself, but for those that set the machine up. A
block that begins with the line `# not run` is left out. Ends with the place of the first block that fails.
"""

import re
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
        status = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, check=False).returncode
        if status:
            sys.exit(f"{document}:{line}: exit status {status} from: {command}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
