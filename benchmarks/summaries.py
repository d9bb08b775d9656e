"""ROUGE of summaries: two baselines and, with --run, a trained model beside them.

    python benchmarks/summaries.py --data DIR --run RUN

DIR holds `train`, `dev` and `test.jsonl.gz` with the fields `document` and `summary`; the figures are of the test part.
The lead baseline takes the first words of a document, as many as give the best ROUGE-L on the dev part. The nearest
neighbour takes the summary of the training document that is most like it: by the cosine of their TF-IDF vectors, as
scikit-learn makes them by default.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from comparison import load_trained, report_left_out, show
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from cutaway.config.data import DataConfig
from cutaway.data.collect import read_examples
from cutaway.data.examples import Pair
from cutaway.evaluation.examples import WritingOptions
from cutaway.evaluation.examples import pairs as measure_pairs
from cutaway.metrics.summaries import NAMES, rouge

LEADS = range(1, 31)


def read_part(folder: Path, part: str, skipped: Counter[str]) -> list[Pair]:
    return read_examples(Pair, str(folder / f"{part}.jsonl.gz"), DataConfig(), skipped)


def lead(documents: Sequence[str], words: int) -> list[str]:
    return [" ".join(document.split()[:words]) for document in documents]


def best_lead(pairs: Sequence[Pair]) -> int:
    """How many first words make the best summaries of these documents."""
    documents, summaries = sides(pairs)
    return max(LEADS, key=lambda words: rouge(lead(documents, words), summaries).figures["rouge_l"])


def nearest(documents: Sequence[str], known: Sequence[Pair]) -> list[str]:
    """For each document the summary of the known one that is most like it."""
    vectorizer = TfidfVectorizer()
    vectors = vectorizer.fit_transform([pair.source for pair in known])
    neighbours = NearestNeighbors(n_neighbors=1, metric="cosine").fit(vectors)
    found = neighbours.kneighbors(vectorizer.transform(documents), return_distance=False)
    return [known[number].target for number in found[:, 0].tolist()]


def sides(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    return [pair.source for pair in pairs], [pair.target for pair in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the three parts")
    parser.add_argument("--run", type=Path, metavar="RUN", help="a run folder; left out, only baselines are measured")
    parser.add_argument("--average", type=int, default=1, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--beams", type=int, default=5, help="as in `cutaway evaluate` (default: 5)")
    parser.add_argument("--length-penalty", type=float, default=1.0, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    left_out: Counter[str] = Counter()
    training, dev, test = (read_part(arguments.data, part, left_out) for part in ("train", "dev", "test"))
    documents, summaries = sides(test)
    words = best_lead(dev)
    figures = {
        f"lead, {words} words": rouge(lead(documents, words), summaries).figures,
        "nearest neighbour": rouge(nearest(documents, training), summaries).figures,
    }
    if arguments.run:
        pipeline = load_trained(arguments.run, "sequence_to_sequence", average=arguments.average)
        options = WritingOptions(beams=arguments.beams, length_penalty=arguments.length_penalty)
        figures[str(arguments.run)] = measured = measure_pairs(pipeline, test, options).figures
        left_out["truncated"] = int(measured.get("truncated", 0))
    report_left_out(+left_out)
    rows = {name: {figure: values[figure] for figure in NAMES} for name, values in figures.items()}
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
