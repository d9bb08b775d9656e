"""The command line: one file a command, and nothing heavy imported before a command runs."""

import io
import os
import sys
import warnings


def main() -> None:
    """Runs the command that the words after `cutaway` name.

    A person's mistake is one line and exit status 2, a failed job one line and exit status 1.
    """
    from cutaway.cli.app import run
    from cutaway.errors import JobError, UserError

    _read_and_write_utf8()
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
    except BrokenPipeError:  # whoever read our output has gone; Python would complain when it closes what it wrote to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status)


def _read_and_write_utf8() -> None:
    """Makes pipes and redirected files UTF-8, as all other files are; Windows has another encoding for them."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty() and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def _show_warning(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
    """Prints a warning in one line, without the place in the code that it comes from."""
    print(f"cutaway: {' '.join(str(message).split())}", file=sys.stderr)


def _fail(message: str, status: int) -> None:
    print(f"cutaway: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
