"""Accuracy of a masked language model on masked tokens, against always predicting the most frequent one.

    python benchmarks/masked_words.py --run RUN

Both predict the same tokens at the same positions: those of the run's validation or, with --data, those of another
text. The baseline is the most frequent token in the run's training text.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from comparison import load_trained, show

from cutaway.config.data import DataConfig
from cutaway.data.text.corpus import open_corpus
from cutaway.data.text.masking import Masked
from cutaway.data.text.prepare import prepare
from cutaway.data.text.shards import TokenStream
from cutaway.model.device import choose_precision, device_of
from cutaway.nn.losses import IGNORED
from cutaway.pipeline import Pipeline
from cutaway.tasks.base import evaluate
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModeling, MaskedLanguageModelingTask
from cutaway.tasks.text_task import whole

TASK = "masked_language_modeling"


def hide(pipeline: Pipeline, tokens: TokenStream) -> Masked:
    """The text in windows, with the same tokens hidden whenever it is read."""
    task = MaskedLanguageModelingTask(pipeline.config)
    return task.mask(pipeline.tokenizer, whole(tokens, pipeline.config.model.context))


def most_frequent(tokens: TokenStream) -> int:
    return int(np.bincount(tokens[:]).argmax())


def hidden_tokens(batches: Masked) -> np.ndarray:
    """All that is to be found."""
    targets = np.concatenate([batches[i][1].ravel() for i in range(len(batches))])
    return targets[targets != IGNORED]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help=f"a run folder of {TASK}")
    parser.add_argument("--data", metavar="PATH", help="another text; left out, what the run held out")
    parser.add_argument("--average", type=int, default=1, help="as in `cutaway evaluate` (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    pipeline = load_trained(arguments.run, TASK, average=arguments.average)
    corpus = open_corpus(arguments.run)
    with tempfile.TemporaryDirectory() as scratch:
        tokens = corpus.validation
        if arguments.data:
            tokens = prepare(DataConfig(path=arguments.data, validation=0.0), pipeline.tokenizer, scratch).training
        batches = hide(pipeline, tokens)
        hidden = hidden_tokens(batches)
        precision = choose_precision(pipeline.config.train.precision, device_of(pipeline.model))
        figures = evaluate(pipeline.model, MaskedLanguageModeling(), batches, precision)
    guess = float((hidden == most_frequent(corpus.training)).mean())
    accuracy = figures["accuracy"]
    rows = {
        "most frequent token": {"accuracy": 100 * guess, "hidden tokens": len(hidden), "ratio": 1.0},
        str(arguments.run): {"accuracy": 100 * accuracy, "hidden tokens": figures["tokens"], "ratio": accuracy / guess},
    }
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
