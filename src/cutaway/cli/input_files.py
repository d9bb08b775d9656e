"""What the words behind a verb stand for: themselves, or all that is in the files that they name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.errors import UserError

NOUNS = {"image_classification": "image", "image_captioning": "image", "audio_classification": "recording"}
"""By task, what a word is, if it is no text."""


class Named(NamedTuple):
    """Something that a verb is to work on, and by what a person knows it."""

    noun: str
    name: str
    value: Any


def opened(words: Sequence[str], task: str, left_out: Counter[str]) -> list[Named]:
    """What a model of this task is to work on. A FASTA file stands for its proteins, an edge list for its graphs.

    Args:
        words: of the command line.
        task: that the model was trained for.
        left_out: what is left out of files is counted here.

    Raises:
        UserError: a file cannot be read or holds nothing.
    """
    return [one for word in words for one in _open(word, task, left_out)]


def tell(left_out: Counter[str]) -> None:
    """Says what was left out of files, if anything."""
    from cutaway.cli.progress import say

    if left_out:
        say("left out: " + ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()))


def _open(word: str, task: str, skipped: Counter[str]) -> list[Named]:
    from cutaway.data.proteins.fasta import is_fasta

    path = Path(word)
    if task == "graph_classification":
        found = list(_graphs(path, skipped))
    elif is_fasta(path) and task not in NOUNS:
        found = list(_proteins(path, skipped))
    else:
        return [Named(NOUNS.get(task, "text"), word, word)]
    if not found:
        raise UserError(f"{path} holds nothing to work on: it is empty, or all of it was left out")
    return found


def _proteins(path: Path, skipped: Counter[str]) -> Iterator[Named]:
    from cutaway.data.proteins.fasta import read_fasta

    return (Named("id", protein.id, protein.residues) for protein in read_fasta(path, skipped))


def _graphs(path: Path, skipped: Counter[str]) -> Iterator[Named]:
    """Graphs have no names: they are counted."""
    from cutaway.data.graphs.edge_lists import read_edge_lists

    return (Named("id", f"{path}:{i}", graph) for i, graph in enumerate(read_edge_lists(path, skipped), start=1))
