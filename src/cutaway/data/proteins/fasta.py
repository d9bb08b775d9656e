"""Proteins in FASTA: a header `>id …`, then a sequence of letters in any number of lines (Pearson, Lipman 1988)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.readers import format_of, read_lines
from cutaway.data.seen import Seen, first_lines, unclear
from cutaway.errors import UserError
from cutaway.text.amino_acids import AMINO_ACIDS

ENDINGS = (".fasta", ".fas", ".fa", ".faa")
LABEL_KEYS = ("label", "family")
STOP = "*"
NAMED = re.compile(r"(sp|tr)\|")
"""Ids of UniProt, after which the header has the name of the protein instead of a label."""
PROTEINS_SEEN = 1000
NUCLEOTIDES = frozenset("ACGTUN")
LETTERS = frozenset(AMINO_ACIDS + AMINO_ACIDS.lower())


@dataclass(frozen=True)
class Protein:
    """A protein.

    Attributes:
        id: the first word of its header.
        label: from the header, if there is one.
        residues: its sequence of amino acids, in upper case.
    """

    id: str
    label: str | None
    residues: str


def is_fasta(path: Path) -> bool:
    """Whether a file is FASTA, by its ending, also before `.gz`."""
    return format_of(path) in ENDINGS


def recognise_proteins(path: Path, data: DataConfig) -> Seen | None:
    """Proteins, with labels if the headers have labels that recur.

    Raises:
        UserError: there is none, or they cannot be read.
    """
    if not is_fasta(path):
        if format_of(path) in ("", ".txt") and _looks_like_fasta(first_lines(path)):
            raise unclear(f"{path.name}: sequences in FASTA", f"let its name end with {ENDINGS[0]}")
        return None
    proteins = list(islice(read_fasta(path, Counter(), data.target), PROTEINS_SEEN))
    if not proteins:
        raise UserError(f"{path} has no sequences")
    if NUCLEOTIDES.issuperset(letters := "".join(protein.residues for protein in proteins)) and len(letters) > 20:
        raise unclear(f"{path.name}: nucleotides", "FASTA is read as proteins: write DNA as text or as a table")
    labels = [protein.label for protein in proteins if protein.label and not NAMED.match(protein.id)]
    if 1 < len(set(labels)) <= len(labels) / 2 and len(labels) > len(proteins) / 2:
        return Seen(("labelled_proteins", "proteins"), f"{path.name}: proteins, {len(set(labels))} labels")
    keys = [] if labels else _recurring_keys(path)
    advice = f" (if {keys[0]}= gives them, choose data.target={keys[0]})" if keys else ""
    return Seen(("proteins",), f"{path.name}: proteins without labels{advice}")


def _looks_like_fasta(lines: Sequence[str]) -> bool:
    return len(lines) > 1 and lines[0].startswith(">") and bool(lines[1]) and LETTERS.issuperset(lines[1].upper())


def _recurring_keys(path: Path) -> list[str]:
    """The words before equals signs in headers that are not of UniProt, if what follows recurs as labels do."""
    headers = [words for words, _ in islice(_read_records(path), PROTEINS_SEEN) if not NAMED.match(words[0])]
    values: dict[str, list[str]] = {}
    for key, _, value in (word.partition("=") for words in headers for word in words[1:]):
        values.setdefault(key, []).append(value)
    return [key for key, found in values.items() if 1 < len(set(found)) <= len(found) / 2]


def read_fasta(path: Path, skipped: Counter[str], label_key: str | None = None) -> Iterator[Protein]:
    """The proteins of a file; letters may be in either case, with spaces between them.

    After the id, a header may give a label: as a word such as `family=kinase`, or otherwise as a second word without an
    equals sign (`>P1 kinase`). The rest of a header is ignored.

    An asterisk at the end of a sequence, which marks the stop codon, is dropped and counted. Empty sequences are
    skipped and counted.

    Args:
        path: the file.
        skipped: counts what is left out.
        label_key: the word before the equals sign, `label` or `family` if not given; if given, a second word is no
            label.

    Raises:
        UserError: while reading: the file does not start with a header, a header is empty, or a letter is not an amino
            acid; says in which line.
    """
    for header, lines in _read_records(path):
        residues = _residues(header[0], lines, path, skipped)
        if residues:
            yield Protein(header[0], _label(header[1:], label_key), residues)
        else:
            skipped["empty"] += 1


def _read_records(path: Path) -> Iterator[tuple[list[str], list[tuple[int, str]]]]:
    """The words of each header, and the lines of its sequence with their numbers."""
    header: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith(">"):
            if header:
                yield header, lines
            header, lines = line[1:].split(), []
            if not header:
                raise UserError(f"{path}, line {number}: a sequence has no id: write it after the >")
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
        raise UserError(f"{path}, line {number}: {wrong!r} in the sequence {identifier!r} is not an amino acid")
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
