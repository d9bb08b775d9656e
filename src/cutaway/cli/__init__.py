"""The command line: one file per command; nothing heavy is imported before a command runs."""

import io
import os
import sys
import warnings


def main() -> None:
    """Runs the command named on the command line.

    A user's mistake is one line and exit status 2, a failed job one line and exit status 1.
    """
    from cutaway.cli.app import run
    from cutaway.errors import JobError, UserError

    _set_encodings()
    warnings.showwarning = _show_warning
    try:
        status = run()
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error), 2)
    except JobError as error:
        _fail(str(error), getattr(error, "status", 1))
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of the output has closed it; Python would complain again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status)


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
    """Prints a warning in one line, without its place in the code."""
    print(f"cutaway: {' '.join(str(message).split())}", file=sys.stderr)


def _fail(message: str, status: int) -> None:
    print(f"cutaway: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
