"""Inputs given as words, or as the paths of files that contain them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.errors import UserError, counted_reasons

NOUNS = {"image_classification": "image", "image_captioning": "image", "audio_classification": "recording"}
"""By task, what a word is, if it is not a text."""


class Named(NamedTuple):
    """An input, and its name in the output."""

    noun: str
    name: str
    value: Any


def opened(words: Sequence[str], task: str, left_out: Counter[str]) -> list[Named]:
    """The inputs of a model for this task; FASTA files and edge lists contain several.

    Args:
        words: of the command line.
        task: of the model.
        left_out: counts what is skipped in files.

    Raises:
        UserError: a file cannot be read or has no inputs.
    """
    return [one for word in words for one in _open(word, task, left_out)]


def tell(left_out: Counter[str]) -> None:
    """Prints what was skipped in files, if anything."""
    from cutaway.progress import say

    if left_out:
        say("left out: " + counted_reasons(left_out))


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
        raise UserError(f"{path} has no inputs: it is empty, or everything was skipped")
    return found


def _proteins(path: Path, skipped: Counter[str]) -> Iterator[Named]:
    from cutaway.data.proteins.fasta import read_fasta

    return (Named("id", protein.id, protein.residues) for protein in read_fasta(path, skipped))


def _graphs(path: Path, skipped: Counter[str]) -> Iterator[Named]:
    """Graphs have no names: they are numbered."""
    from cutaway.data.graphs.edge_lists import read_edge_lists

    return (Named("id", f"{path}:{i}", graph) for i, graph in enumerate(read_edge_lists(path, skipped), start=1))
