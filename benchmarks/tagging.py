"""Entity F1 of tags: two baselines and, with --run, a trained model.

    python benchmarks/tagging.py --data DIR --run RUN

DIR has `train.conll` and `test.conll`, with a word and its tag per line; figures are of the test part. One baseline
gives each word its most frequent tag in the training part, and O to unknown words. The other is a gazetteer: from
left to right, the longest sequence of words that is an entity anywhere in the training part, ignoring case, gets its
most frequent type.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from comparison import load_trained, report_left_out, show
from seqeval.metrics.sequence_labeling import get_entities

from cutaway.config.data import DataConfig
from cutaway.data.collect import read_examples
from cutaway.data.examples import Tagged
from cutaway.metrics.entities import entity_report
from cutaway.tasks.task import EvaluationOptions, task_of

COLUMNS = ("entity_precision", "entity_recall", "entity_f1", "accuracy")
OUTSIDE = "O"

Phrase = tuple[str, ...]
Key = TypeVar("Key", bound=Hashable)


def most_frequent(pairs: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """For each key what it comes with most often; of equals, the first."""
    counts: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for key, value in pairs:
        counts[key][value] += 1
    return {key: values.most_common(1)[0][0] for key, values in counts.items()}


def learn_tags(sentences: Sequence[Tagged]) -> dict[str, str]:
    """Each word's most frequent tag."""
    return most_frequent(pair for sentence in sentences for pair in zip(sentence.words, sentence.tags, strict=True))


def learn_phrases(sentences: Sequence[Tagged]) -> dict[Phrase, str]:
    """Each entity's words, in lower case, and its most frequent type."""
    return most_frequent(
        (lower(sentence.words[first : last + 1]), kind)
        for sentence in sentences
        for kind, first, last in get_entities(list(sentence.tags))
    )


def tag_phrases(words: Sequence[str], phrases: Mapping[Phrase, str]) -> list[str]:
    """Tags by the longest phrases that begin at each place, from left to right."""
    longest = max(map(len, phrases), default=0)
    tags: list[str] = []
    while len(tags) < len(words):
        rest = lower(words[len(tags) : len(tags) + longest])
        length = next((size for size in range(len(rest), 0, -1) if rest[:size] in phrases), 0)
        if length:
            kind = phrases[rest[:length]]
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)
        else:
            tags.append(OUTSIDE)
    return tags


def lower(words: Sequence[str]) -> Phrase:
    return tuple(word.lower() for word in words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="both parts")
    parser.add_argument("--run", type=Path, metavar="RUN", help="a run folder; left out, only baselines are measured")
    parser.add_argument("--average", type=int, default=1, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    left_out: Counter[str] = Counter()
    training, test = (
        read_examples(Tagged, str(arguments.data / f"{part}.conll"), DataConfig(), left_out)
        for part in ("train", "test")
    )
    true = [sentence.tags for sentence in test]
    tags, phrases = learn_tags(training), learn_phrases(training)
    by_word = [[tags.get(word, OUTSIDE) for word in sentence.words] for sentence in test]
    by_phrase = [tag_phrases(sentence.words, phrases) for sentence in test]
    reports = {"most frequent tag": entity_report(by_word, true), "gazetteer": entity_report(by_phrase, true)}
    if arguments.run:
        pipeline = load_trained(arguments.run, "token_classification", average=arguments.average)
        reports[str(arguments.run)] = task_of(pipeline.config).measure(pipeline, test, EvaluationOptions())
    report_left_out(left_out)
    rows = {name: {column: report.figures[column] for column in COLUMNS} for name, report in reports.items()}
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
