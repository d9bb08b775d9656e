"""Exceptions that the command line reports in one line, and the nearest of known words."""

import difflib
import re
from collections.abc import Iterable, Mapping

MOST_OF_MESSAGE = 4000
"""The most characters of a message."""


class _InOneLine(Exception):
    """Its message is one bounded line, whatever it quotes: line breaks are spaces, and the middle may be left out."""

    def __init__(self, message: str) -> None:
        message = " ".join(line.strip() for line in message.split("\n")) if "\n" in message else message
        half = MOST_OF_MESSAGE // 2
        is_long = len(message) > MOST_OF_MESSAGE
        super().__init__(f"{message[:half]} … {message[-half:]}" if is_long else message)


class UserError(_InOneLine):
    """A user's mistake, in one line that says what is wrong and how to fix it.

    The command line prints it without a traceback and exits with status 2. Any other exception is a bug in cutaway.
    """


class JobError(_InOneLine):
    """A valid job that failed (a loss that is not finite, a full disk), in one line; exit status 1."""


NO_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|std::bad_alloc|ALLOC_FAILED|Cannot allocate memory", re.I
)
"""What libraries say when memory runs out."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out: on the processor or on an accelerator."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(NO_MEMORY.search(str(error))))


class RenamedWarning(FutureWarning):
    """A name of an earlier version was read and understood; the message gives its current name."""


LONGER = 4
"""The most words that are named because they begin with what was given."""
MOST_NAMED = 60
"""The most words of a list that a message names."""
MOST_CHARACTERS = 80
"""The most characters of a word that a message shows."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns a clause with the known words nearest to a misspelt or shortened one, or with all known words."""
    choices = list(known)
    found = closest(word, choices)
    return f"did you mean {' or '.join(map(quoted, found))}?" if found else f"known: {listed(choices)}"


def closest(word: str, known: Iterable[str]) -> list[str]:
    """The known word that is most like another, if one is, and some that begin with it."""
    choices = list(known)
    longer = [choice for choice in choices if word and choice.lower().startswith(word.lower())]
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return list(dict.fromkeys([*close, *longer[:LONGER]]))


def counted(number: float, noun: str) -> str:
    """A number with its noun: 0 rows, 1 row, 1,234 rows, 0.5 rows."""
    shown = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{shown} {noun}{'s' * (number != 1)}"


def counted_reasons(counts: Mapping[str, int]) -> str:
    """What was left out or changed, such as "1 comment, 2 hidden"; reasons that are nouns are plurals."""
    named = {reason: ONE_OF.get(reason, reason) if number == 1 else reason for reason, number in counts.items()}
    return ", ".join(f"{number:,} {named[reason]}" for reason, number in counts.items() if number)


ONE_OF = {
    "comments": "comment",
    "document marks": "document mark",
    "edges from a node to itself": "edge from a node to itself",
    "graphs without nodes": "graph without nodes",
    "headers": "header",
    "linked folders": "linked folder",
    "pipes or devices": "pipe or device",
    "ranges and empty nodes": "range or empty node",
    "repeated edges": "repeated edge",
    "stops dropped": "stop dropped",
    "unknown nodes": "unknown node",
    "windows over contexts that were too long for one": "window over a context that was too long for one",
}
"""The singulars of reasons that are nouns."""


def listed(words: Iterable[object], most: int = MOST_NAMED) -> str:
    """The words, separated by commas; only the first, and the number of all, if they are many."""
    every = list(words)
    named = ", ".join(shortened(str(word)) for word in every[:most])
    return f"{named}, … ({len(every):,} in all)" if len(every) > most else named


def quoted(word: object) -> str:
    """The word in quotes, shortened if it is long."""
    return repr(shortened(word)) if isinstance(word, str) else shortened(repr(word))


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """The beginning of a text that is longer than a message can show."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
