"""Generated protein families with characteristic motifs: FASTA files, a training and a test part.

    python benchmarks/motifs.py --out DIR
    cutaway train protein-nano --data DIR/train.fasta --out runs/motifs
    cutaway evaluate runs/motifs --data DIR/test.fasta

A family has two or three motifs, such as `C.DH.K`, where a dot is any amino acid. Each of its proteins has them in
any order at any positions of a random sequence. As decoys it also has all motifs of another family, each with one
letter changed. So the composition of a sequence is not enough: whole motifs must be recognised.
"""

import argparse
import random
from pathlib import Path

from cutaway.text.amino_acids import STANDARD

ANY = "."
FAMILIES = 6
MOTIFS = (2, 3)
FIXED = (3, 4)
"""Letters of a motif that are not any."""
WILD = (1, 2)
DECOYS = 1
LENGTH = (40, 80)

Family = list[str]


def make_motif(rng: random.Random) -> str:
    """Letters with dots between them: the first and the last are no dots."""
    letters = rng.choices(STANDARD, k=rng.randint(*FIXED))
    inner = letters[1:-1] + [ANY] * rng.randint(*WILD)
    rng.shuffle(inner)
    return "".join([letters[0], *inner, letters[-1]])


def broken(motif: str, rng: random.Random) -> str:
    """The motif with another letter in one of its places."""
    place = rng.choice([i for i, letter in enumerate(motif) if letter != ANY])
    other = rng.choice(STANDARD.replace(motif[place], ""))
    return motif[:place] + other + motif[place + 1 :]


def make_protein(number: int, families: list[Family], rng: random.Random) -> str:
    """A sequence of this family, with the motifs of others broken."""
    others = rng.sample([i for i in range(len(families)) if i != number], DECOYS)
    parts = [*families[number], *(broken(motif, rng) for other in others for motif in families[other])]
    rng.shuffle(parts)
    spare = rng.randint(*LENGTH) - sum(map(len, parts))
    cuts = sorted(rng.randint(0, spare) for _ in parts)
    gaps = [end - start for start, end in zip([0, *cuts], [*cuts, spare], strict=True)]
    pattern = "".join(ANY * gap + part for gap, part in zip(gaps, [*parts, ""], strict=True))
    return "".join(rng.choice(STANDARD) if letter == ANY else letter for letter in pattern)


def write_part(path: Path, count: int, families: list[Family], rng: random.Random) -> None:
    """Writes so many proteins, of every family in turn."""
    with path.open("w") as file:
        for number in range(count):
            family = number % len(families)
            file.write(f">{path.stem}-{number} family=F{family + 1}\n{make_protein(family, families, rng)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the two files go")
    parser.add_argument("--train", type=int, default=8000, help="proteins to train on (default: 8000)")
    parser.add_argument("--test", type=int, default=2000, help="proteins to test with (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of motifs and proteins (default: 0)")
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    families = [[make_motif(rng) for _ in range(rng.randint(*MOTIFS))] for _ in range(FAMILIES)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for part, count in {"train": arguments.train, "test": arguments.test}.items():
        write_part(arguments.out / f"{part}.fasta", count, families, random.Random(f"{arguments.seed} {part}"))
    for number, motifs in enumerate(families, start=1):
        print(f"F{number}: {' '.join(motifs)}")


if __name__ == "__main__":
    main()
