"""Proteins in FASTA: a line `>id …`, then the letters of a sequence in any number of lines (Pearson, Lipman 1988)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.data.lines import read_lines
from cutaway.data.readers import format_of
from cutaway.errors import UserError
from cutaway.text.amino_acids import AMINO_ACIDS

ENDINGS = (".fasta", ".fas", ".fa", ".faa")
LABEL_KEYS = ("label", "family")
STOP = "*"
LETTERS = frozenset(AMINO_ACIDS + AMINO_ACIDS.lower())


@dataclass(frozen=True)
class Protein:
    """A sequence of amino acids.

    Attributes:
        id: the first word of its header.
        label: what the header says it is, if anything.
        residues: its letters, in upper case.
    """

    id: str
    label: str | None
    residues: str


def is_fasta(path: Path) -> bool:
    """Whether a file holds proteins, by the end of its name, before `.gz` too."""
    return format_of(path) in ENDINGS


def read_fasta(path: Path, skipped: Counter[str], label_key: str | None = None) -> Iterator[Protein]:
    """The proteins of a file; letters of either case, with spaces between them or none.

    Behind the id, a header may name a label: by a word such as `family=kinase`, or by a second word without a sign of
    equality (`>P1 kinase`), which counts if there is no such word. Everything else in a header is left alone.

    An asterisk at the end of a sequence, which marks the stop codon, is dropped and counted. Empty sequences are
    skipped and counted.

    Args:
        path: the file.
        skipped: what was left out is counted here.
        label_key: what stands before the sign of equality, `label` or `family` if not given; if given, a second word
            is no label.

    Raises:
        UserError: on the way: the file does not begin with a header, a header is empty, or a letter is no amino acid;
            says in which line.
    """
    for header, lines in _read_records(path):
        residues = _residues(header[0], lines, path, skipped)
        if residues:
            yield Protein(header[0], _label(header[1:], label_key), residues)
        else:
            skipped["empty"] += 1


def _read_records(path: Path) -> Iterator[tuple[list[str], list[tuple[int, str]]]]:
    """The words of each header, and the lines of letters below it with their numbers."""
    header: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith(">"):
            if header:
                yield header, lines
            header, lines = line[1:].split(), []
            if not header:
                raise UserError(f"{path}, line {number}: a sequence has no id: write it behind the >")
        elif header:
            lines.append((number, "".join(line.split())))
        elif line.strip():
            raise UserError(f"{path}, line {number}: FASTA begins with a line such as >id, not {line.strip()[:20]!r}")
    if header:
        yield header, lines


def _residues(identifier: str, lines: Iterable[tuple[int, str]], path: Path, skipped: Counter[str]) -> str:
    letters = "".join(text for _, text in lines)
    residues = letters.removesuffix(STOP)
    if not LETTERS.issuperset(residues):
        number, wrong = next((number, letter) for number, text in lines for letter in text if letter not in LETTERS)
        raise UserError(f"{path}, line {number}: {wrong!r} in the sequence {identifier!r} is no amino acid")
    if residues != letters:
        skipped["stops dropped"] += 1
    return residues.upper()


def _label(words: Sequence[str], key: str | None) -> str | None:
    named = {name: value for name, _, value in (word.partition("=") for word in words) if value}
    for name in LABEL_KEYS if key is None else (key,):
        if name in named:
            return named[name]
    second = words[0] if words and key is None else ""
    return None if "=" in second else second or None
