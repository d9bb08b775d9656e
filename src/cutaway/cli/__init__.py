"""The command line: one file a command, and nothing heavy imported before a command runs."""

import sys


def main() -> None:
    """Runs the command that the words after `cutaway` name.

    A person's mistake is one line and exit status 2, a failed job one line and exit status 1.
    """
    from cutaway.cli.app import app
    from cutaway.errors import JobError, UserError

    try:
        app()
    except UserError as error:
        _fail(str(error), 2)
    except JobError as error:
        _fail(str(error), getattr(error, "status", 1))
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, and Python would complain on closing it
        sys.exit(1)


def _fail(message: str, status: int) -> None:
    print(f"cutaway: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
