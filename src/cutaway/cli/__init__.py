"""The command line: one file per command; nothing heavy is imported before a command runs."""

import errno
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, TextIO

WAITING = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT")
"""Variables that say how threads of OpenMP wait: of the standard, of Intel's and LLVM's library, and of GNU's."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived outside of training, which saves on them."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> None:
    """Runs the command named on the command line.

    A user's mistake is one line and exit status 2, a failed job one line and exit status 1.
    """
    from cutaway.cli.app import run
    from cutaway.errors import JobError, UserError

    _let_threads_sleep()
    _set_encodings()
    warnings.showwarning = _show_warning
    try:
        with _raised_signals():
            status = run()
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error), 2)
    except JobError as error:
        _fail(str(error), getattr(error, "status", 1))
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except Terminated as error:
        _fail(f"stopped by {signal.Signals(error.number).name}", 128 + error.number)
    except BrokenPipeError:  # the reader of the output has closed it
        _discard(sys.stdout)
        sys.exit(1)
    except (OSError, MemoryError, RuntimeError) as error:
        if (line := _failure(error)) is None:
            raise
        _fail(line, 1)
    _flush_errors()
    sys.exit(status)


def _failure(error: Exception) -> str | None:
    """One line on an error of the machine, such as a full disk; None for a defect of cutaway."""
    from cutaway.errors import is_out_of_memory, shortened

    if is_out_of_memory(error):
        return f"out of memory: {shortened(str(error)) or 'this machine has no more'}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
        return f"{error.filename or 'a file'} could not be read or written: {error.strerror}"
    return None


@contextmanager
def _raised_signals() -> Iterator[None]:
    """Raises `Terminated` on SIGTERM and SIGHUP while the block lasts, unless they are ignored or handled already."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [
        number for number in map(signal.Signals.__getitem__, names) if signal.getsignal(number) == signal.SIG_DFL
    ]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    for number in numbers:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)


def _let_threads_sleep() -> None:
    """Lets the threads of torch sleep while they wait for work, unless the environment says how they wait.

    By default they spin: where other programs run, they take the time that the others' results, and their own, need.
    OpenMP reads this when torch is loaded. A program that imports cutaway decides for itself.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in WAITING):
        os.environ["OMP_WAIT_POLICY"] = "passive"


def _set_encodings() -> None:
    r"""Makes pipes and redirected files UTF-8 like all other files; Windows uses another encoding.

    A terminal keeps its own, and what that cannot hold is written as an escape such as `\u4e2d`.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty() and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8", errors=stream.errors)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def _show_warning(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
    """Prints a warning in one line, without its place in the code, if somebody reads it."""
    with suppress(OSError):
        print(f"cutaway: {' '.join(str(message).split())}", file=sys.stderr)


def _fail(message: str, status: int) -> NoReturn:
    with suppress(OSError):
        print(f"cutaway: {' '.join(message.split())}", file=sys.stderr)
    _flush_errors()
    sys.exit(status)


def _flush_errors() -> None:
    try:
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Sends what a stream still holds nowhere: Python would complain at exit that it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
