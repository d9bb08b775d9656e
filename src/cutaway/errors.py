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


LONGER = 4
"""The most words that are named because they begin with what was given."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns a clause with the known words nearest to a misspelt or shortened one, or with all known words."""
    choices = list(known)
    found = closest(word, choices)
    return f"did you mean {' or '.join(map(repr, found))}?" if found else f"known: {', '.join(choices)}"


def closest(word: str, known: Iterable[str]) -> list[str]:
    """The known word that is most like another, if one is, and some that begin with it."""
    choices = list(known)
    longer = [choice for choice in choices if word and choice.lower().startswith(word.lower())]
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return list(dict.fromkeys([*close, *longer[:LONGER]]))
