"""Exceptions that the command line reports in one line, and the nearest of known words."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A user's mistake, in one line that says what is wrong and how to fix it.

    The command line prints it without a traceback and exits with status 2. Any other exception is a bug in cutaway.
    """


class JobError(Exception):
    """A valid job that failed (a loss that is not finite, a full disk), in one line; exit status 1."""


class RenamedWarning(FutureWarning):
    """A name of an earlier version was read and understood; the message gives its current name."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns a clause with the known word nearest to a misspelt one, or with all known words."""
    choices = list(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(choices)}"
