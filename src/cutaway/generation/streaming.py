"""Tokens -> text as it is generated: whole characters only, and nothing from a stop string on."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from cutaway.errors import UserError


def stream_text(
    tokens: Iterable[int], decode: Callable[[Sequence[int]], str], stop: Sequence[str] = (), ends: Container[int] = ()
) -> Iterator[str]:
    """Yields the decoded text in pieces, up to a stop string or an end token.

    Text that may still change is held back: a character with missing bytes, or the beginning of a stop string.
    """
    ids: list[int] = []
    shown = 0
    for token in tokens:
        if token in ends:
            break
        ids.append(token)
        text = decode(ids)
        cut = first_stop(text, stop)
        ready = len(text) - held_back(text, stop) if cut is None else cut
        if ready > shown:
            yield text[shown:ready]
            shown = ready
        if cut is not None:
            return
    rest = decode(ids)[shown:]
    if rest:
        yield rest


def first_stop(text: str, stop: Sequence[str]) -> int | None:
    """The index of the first stop string, if there is one."""
    found = [text.find(word) for word in stop if word in text]
    return min(found, default=None)


def held_back(text: str, stop: Sequence[str]) -> int:
    """The number of characters at the end that may still change."""
    whole = text.rstrip("\N{REPLACEMENT CHARACTER}")
    beginnings = (n for word in stop for n in range(len(word) - 1, 0, -1) if whole.endswith(word[:n]))
    return len(text) - len(whole) + max(beginnings, default=0)


def stop_strings(stop: str | Sequence[str]) -> list[str]:
    """One stop string or several, as a list.

    Raises:
        UserError: one is empty.
    """
    strings = [stop] if isinstance(stop, str) else list(stop)
    if "" in strings:
        raise UserError("a stop string cannot be empty")
    return strings
