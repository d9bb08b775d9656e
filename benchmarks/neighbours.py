"""Adds the summary of the nearest neighbour to each document of the summarization data.

    python benchmarks/neighbours.py --data DIR --out OUT

DIR has `train`, `dev` and `test.jsonl.gz` with the fields `document` and `summary`. In OUT, a document is
"neighbour's summary | document": a model trained on it can copy, edit or ignore the summary of a similar document (a
template, as in Cao et al. 2018, "Retrieve, Rerank and Rewrite"). The neighbour is the most similar training document,
by cosine of TF-IDF vectors with scikit-learn's defaults; a training document is not its own neighbour.
"""

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from comparison import report_left_out
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from cutaway.config.data import DataConfig
from cutaway.data.collect import read_examples
from cutaway.data.examples import Pair

PARTS = ("train", "dev", "test")


class Neighbours:
    """Finds for a document the summary of the known one that is most like it."""

    def __init__(self, known: Sequence[Pair]) -> None:
        self._summaries = [pair.target for pair in known]
        self._vectorizer = TfidfVectorizer()
        self._vectors = self._vectorizer.fit_transform([pair.source for pair in known])
        self._nearest = NearestNeighbors(n_neighbors=2, metric="cosine").fit(self._vectors)

    def summaries(self, documents: Sequence[str]) -> list[str]:
        """For each document the summary of its nearest neighbour."""
        found = self._nearest.kneighbors(self._vectorizer.transform(documents), return_distance=False)
        return [self._summaries[first] for first, _ in found.tolist()]

    def summaries_of_others(self) -> list[str]:
        """For each known document the summary of the nearest other one."""
        found = self._nearest.kneighbors(self._vectors, return_distance=False).tolist()
        return [self._summaries[second if first == own else first] for own, (first, second) in enumerate(found)]


def read_part(folder: Path, part: str, skipped: Counter[str]) -> list[Pair]:
    return read_examples(Pair, str(folder / f"{part}.jsonl.gz"), DataConfig(), skipped)


def write_part(folder: Path, part: str, templates: Iterable[str], pairs: Iterable[Pair]) -> None:
    with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
        for template, pair in zip(templates, pairs, strict=True):
            row = {"document": f"{template} | {pair.source}", "summary": pair.target}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the three parts")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="where the new ones go")
    arguments = parser.parse_args()

    left_out: Counter[str] = Counter()
    training, *others = (read_part(arguments.data, part, left_out) for part in PARTS)
    report_left_out(+left_out)
    neighbours = Neighbours(training)
    arguments.out.mkdir(parents=True)
    write_part(arguments.out, PARTS[0], neighbours.summaries_of_others(), training)
    for part, pairs in zip(PARTS[1:], others, strict=True):
        write_part(arguments.out, part, neighbours.summaries([pair.source for pair in pairs]), pairs)


if __name__ == "__main__":
    main()
