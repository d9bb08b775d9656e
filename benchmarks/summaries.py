"""ROUGE of summaries: two baselines and, with --run, a trained model.

    python benchmarks/summaries.py --data DIR --run RUN
    python benchmarks/summaries.py --data DIR --run RUN --read OUT

DIR has `train`, `dev` and `test.jsonl.gz` with the fields `document` and `summary`; figures are of the test part. The
lead baseline takes the first words of a document; their number gives the best ROUGE-L on the dev part. The
nearest-neighbour baseline takes the summary of the most similar training document (`neighbours.py`). A run trained on
the output of that script reads its documents from OUT.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from comparison import load_trained, report_left_out, show
from neighbours import PARTS, Neighbours, read_part

from cutaway.data.examples import Pair
from cutaway.metrics.summaries import NAMES, rouge
from cutaway.tasks.task import EvaluationOptions, task_of

LEADS = range(1, 31)


def lead(documents: Sequence[str], words: int) -> list[str]:
    return [" ".join(document.split()[:words]) for document in documents]


def best_lead(pairs: Sequence[Pair]) -> int:
    """How many first words make the best summaries of these documents."""
    documents, summaries = sides(pairs)
    return max(LEADS, key=lambda words: rouge(lead(documents, words), summaries).figures["rouge_l"])


def sides(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    return [pair.source for pair in pairs], [pair.target for pair in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the three parts")
    parser.add_argument("--run", type=Path, metavar="RUN", help="a run folder; left out, only baselines are measured")
    parser.add_argument("--read", type=Path, metavar="OUT", help="where the run reads its documents (default: DIR)")
    parser.add_argument("--average", type=int, default=1, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--beams", type=int, default=5, help="as in `cutaway evaluate` (default: 5)")
    parser.add_argument("--length-penalty", type=float, default=1.0, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    left_out: Counter[str] = Counter()
    training, dev, test = (read_part(arguments.data, part, left_out) for part in PARTS)
    documents, summaries = sides(test)
    words = best_lead(dev)
    figures = {
        f"lead, {words} words": rouge(lead(documents, words), summaries).figures,
        "nearest neighbour": rouge(Neighbours(training).summaries(documents), summaries).figures,
    }
    if arguments.run:
        pipeline = load_trained(arguments.run, "sequence_to_sequence", average=arguments.average)
        options = EvaluationOptions(num_beams=arguments.beams, length_penalty=arguments.length_penalty)
        given = read_part(arguments.read, "test", left_out) if arguments.read else test
        figures[str(arguments.run)] = measured = task_of(pipeline.config).measure(pipeline, given, options).figures
        left_out["truncated"] = int(measured.get("truncated", 0))
    report_left_out(+left_out)
    rows = {name: {figure: values[figure] for figure in NAMES} for name, values in figures.items()}
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
