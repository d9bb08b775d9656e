"""Accuracy of a masked language model on hidden tokens, beside always guessing the most frequent one.

    python benchmarks/masked_words.py --run RUN

Both are asked for the same tokens, hidden at the same places: those by which the run was validated or, with --data,
those of another text as a whole. The guess is the token that is most frequent in what the run was trained on.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from comparison import load_trained, show

from cutaway.config.data import DataConfig
from cutaway.data.corpus import open_corpus
from cutaway.data.masking import Masked
from cutaway.data.prepare import prepare
from cutaway.data.shards import TokenStream
from cutaway.data.windows import IGNORED
from cutaway.model.device import choose_precision, device_of
from cutaway.pipeline import Pipeline
from cutaway.runs.text import masking, whole
from cutaway.train.evaluate import evaluate
from cutaway.train.tasks.masked_language_modeling import MaskedLanguageModeling

TASK = "masked_language_modeling"


def hidden_words(pipeline: Pipeline, tokens: TokenStream) -> Masked:
    """A text with hidden tokens, the same ones whenever it is read."""
    config = pipeline.config
    return Masked(whole(tokens, config.model.context), masking(config, pipeline.tokenizer), config.train.seed)


def most_frequent(tokens: TokenStream) -> int:
    return int(np.bincount(tokens[:]).argmax())


def share_of(token: int, batches: Masked) -> float:
    """How many of the hidden tokens are this one, in percent."""
    targets = np.concatenate([batches[i][1].ravel() for i in range(len(batches))])
    return 100 * float((targets[targets != IGNORED] == token).mean())


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
        batches = hidden_words(pipeline, tokens)
        guess = share_of(most_frequent(corpus.training), batches)
        precision = choose_precision(pipeline.config.train.precision, device_of(pipeline.model))
        figures = evaluate(pipeline.model, MaskedLanguageModeling(), batches, precision)
    accuracy = 100 * figures["accuracy"]
    hidden = {"hidden tokens": figures["tokens"]}
    rows = {
        "most frequent token": {"accuracy": guess, "ratio": 1.0},
        str(arguments.run): {"accuracy": accuracy, "ratio": accuracy / guess},
    }
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
