"""Numbers, tables and command names as people read them, in a terminal and in a notebook."""

import io
import os
import shutil
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any


def figure(value: Any) -> str:
    """A number in readable form."""
    if isinstance(value, float) and 0 < abs(value) < 0.001:
        return f"{value:.3g}"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def size(nbytes: float) -> str:
    """Bytes in readable form."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if nbytes < 1000:
            return f"{nbytes:.3g} {unit}" if unit != "bytes" else f"{nbytes:.0f} bytes"
        nbytes /= 1000
    return f"{_three_digits(nbytes)} TB"


def count(number: float) -> str:
    """A count with three digits: 431, 10.8 k, 124 M, 671 B."""
    for unit in ("", " k", " M"):
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{_three_digits(number)} B"


def _three_digits(number: float) -> str:
    return f"{number:.3g}" if number < 999.5 else f"{number:,.0f}"


def html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> str:
    """A table for notebooks, without styles of its own; all text is escaped."""

    def row(tag: str, cells: Sequence[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(figure(cell))}</{tag}>" for cell in cells) + "</tr>"

    head = f"<caption>{escape(caption)}</caption>" if caption else ""
    names = f"<thead>{row('th', columns)}</thead>" if any(columns) else ""
    return f"<table>{head}{names}<tbody>{''.join(row('td', cells) for cells in rows)}</tbody></table>"


def program() -> str:
    """How to run cutaway from this shell: `cutaway` if it is on the PATH, otherwise the path that was run.

    So that a printed command works as printed, even if the virtual environment is not activated.
    """
    run = Path(sys.argv[0])
    if run.stem != "cutaway" or not run.exists():  # from Python, a notebook, or `python -m cutaway`
        return f"{_relative(Path(sys.executable))} -m cutaway" if run.name == "__main__.py" else "cutaway"
    found = shutil.which("cutaway")
    return "cutaway" if found is not None and run.samefile(found) else _relative(run)


def _relative(path: Path) -> str:
    """A path as short as it can be written in this folder; links are kept, since they name environments."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow the links)
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


class ErrorDisplay(io.TextIOBase):
    """Standard error, as long as it can be written: once it fails, such as a pipe that is closed, it is switched off.

    What is displayed there is not worth the work that it is about.
    """

    def __init__(self) -> None:
        self._failed: object = None

    @property
    def _stream(self) -> Any:
        """Standard error as it is now, even if rich has put its own stream in its place."""
        return getattr(sys.stderr, "rich_proxied_file", sys.stderr)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property where the base class has an attribute
        """The encoding of standard error."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Writes, unless writing has failed before."""
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        """Flushes, unless writing has failed before."""
        self._try("flush")

    def isatty(self) -> bool:
        """Whether it is a terminal that can be written."""
        stream = self._stream
        return stream is not self._failed and bool(getattr(stream, "isatty", lambda: False)())

    def fileno(self) -> int:
        """The descriptor of standard error."""
        return int(self._stream.fileno())

    def _try(self, method: str, *arguments: str) -> None:
        stream = self._stream
        if stream is None or stream is self._failed:
            return
        try:
            getattr(stream, method)(*arguments)
        except UnicodeError:
            raise
        except (OSError, ValueError):  # a closed pipe, a terminal that is gone, a closed stream
            self._failed = stream
