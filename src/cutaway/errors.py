"""The one exception that means: the person asking made a mistake, and here is how to mend it."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the person, told in one line that says what is wrong and how to mend it.

    The command line prints it without a traceback and exits with status 2. Anything else that is raised is a defect of
    cutaway itself.
    """


class JobError(Exception):
    """Work that was well asked for but failed (a loss that is no number, a full disk), in one line; exit status 1."""


class RenamedWarning(FutureWarning):
    """A name of an earlier version was read, and understood: says what it is called now."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns a clause that names the known word nearest to a misspelt one, or else all known words."""
    choices = list(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(choices)}"
