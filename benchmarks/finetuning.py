"""Fine-tuning by cutaway and by transformers' Trainer, with the same checkpoint, data and budget.

    python benchmarks/finetuning.py --model DIR --data DIR --task sequence-classification
    python benchmarks/finetuning.py --model DIR --data DIR --task token-classification

The model is a BERT in a Hugging Face folder. DIR has `train`, `dev` and `test`: `.tsv` files with a text and its
label per line, or `.conll` files with a word and its tag per line. All use the same number of epochs, batch size and
truncation; the Trainer runs twice, with its default sampling and grouping by length as cutaway does. AdamW has the
same learning rate, with linear warmup over the first tenth of the steps and linear decay; no weight decay; gradient
norms are clipped at 1. All evaluate and save after each epoch, and keep the weights with the lowest dev loss. Figures
are of the test part, minutes of the whole training, both averaged over the seeds.
"""

import argparse
import gc
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from comparison import report_left_out, show
from peers import describe_machine

from cutaway.config.data import DataConfig
from cutaway.data.collect import read_examples
from cutaway.data.examples import LabelledText, Tagged
from cutaway.metrics.classes import classification_report
from cutaway.metrics.entities import entity_report
from cutaway.model.device import keep_freed_memory
from cutaway.nn.losses import IGNORED
from cutaway.pipeline import load
from cutaway.runs.origin import going_on
from cutaway.runs.run import start
from cutaway.tasks.task import EvaluationOptions, task_of

KINDS: dict[str, tuple[type[Any], str, str]] = {
    "sequence_classification": (LabelledText, "tsv", "accuracy"),
    "token_classification": (Tagged, "conll", "entity_f1"),
}
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Contest:
    """What both contestants are given.

    Attributes:
        model: a folder.
        task: of cutaway.
        files: of each part.
        examples: of each part.
        options: the budget, as it was asked for.
    """

    model: Path
    task: str
    files: dict[str, Path]
    examples: dict[str, Sequence[Any]]
    options: argparse.Namespace

    @property
    def epoch(self) -> int:
        """Steps."""
        return math.ceil(len(self.examples["train"]) / self.options.batch)

    @property
    def steps(self) -> int:
        """Of all training."""
        return self.options.steps or self.options.epochs * self.epoch


def by_cutaway(contest: Contest, seed: int) -> tuple[float, float]:
    """The figure of the test part, and how many minutes training took. As `cutaway train`, it keeps freed memory."""
    keep_freed_memory()
    options, origin = contest.options, load(contest.model, "cpu")
    choices = [
        *(f"data.path={contest.files['train']}", f"data.validation_path={contest.files['dev']}"),
        *(f"model.context={options.length}", f"train.batch_size={options.batch}", f"train.steps={contest.steps}"),
        *(f"train.evaluate_every={contest.epoch}", f"train.save_every={contest.epoch}", "train.keep=1"),
        *(f"train.optimizer.learning_rate={options.rate}", "train.optimizer.weight_decay=0"),
        *(f"train.seed={seed}", "train.device=cpu", "train.precision=fp32"),
    ]
    config = going_on(str(contest.model), origin, contest.task, choices)
    with tempfile.TemporaryDirectory() as scratch:
        run = start(config, Path(scratch) / "run", origin=origin)
        began = time.perf_counter()
        run.train()
        minutes = (time.perf_counter() - began) / 60
        trained = load(run.folder.path, "cpu")
    report = task_of(trained.config).measure(trained, contest.examples["test"], EvaluationOptions())
    return report.figures[KINDS[contest.task][2]], minutes


def by_transformers(contest: Contest, seed: int, sampling: str = "random") -> tuple[float, float]:
    """The same of their Trainer."""
    transformers.set_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(contest.model)
    is_tagged = contest.task == "token_classification"
    labels = sorted({label for part in contest.examples.values() for example in part for label in labels_of(example)})
    features = {part: encode(examples, tokenizer, labels, contest) for part, examples in contest.examples.items()}
    kinds = (transformers.AutoModelForSequenceClassification, transformers.AutoModelForTokenClassification)
    model = kinds[is_tagged].from_pretrained(contest.model, num_labels=len(labels), dtype="float32")
    collators = (transformers.DataCollatorWithPadding, transformers.DataCollatorForTokenClassification)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = transformers.Trainer(
            model,
            settings(contest, seed, scratch, sampling),
            data_collator=collators[is_tagged](tokenizer),
            train_dataset=features["train"],
            eval_dataset=features["dev"],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        began = time.perf_counter()
        trainer.train()
        minutes = (time.perf_counter() - began) / 60
        trainer.args.train_sampling_strategy = "random"  # grouped, predictions too would come in another order
        chosen = trainer.predict(features["test"]).predictions.argmax(axis=-1)
    return judge(chosen, features["test"], contest, labels), minutes


def settings(contest: Contest, seed: int, folder: str, sampling: str) -> transformers.TrainingArguments:
    """The budget in their words."""
    options = contest.options
    return transformers.TrainingArguments(
        folder,
        max_steps=contest.steps,
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        learning_rate=options.rate,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        weight_decay=0.0,
        max_grad_norm=1.0,
        train_sampling_strategy=sampling,
        eval_strategy="steps",
        eval_steps=min(contest.epoch, contest.steps),
        save_strategy="steps",
        save_steps=min(contest.epoch, contest.steps),
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        remove_unused_columns=False,
        use_cpu=True,
        seed=seed,
        report_to="none",
        logging_strategy="no",
        disable_tqdm=True,
    )


CONTESTANTS: dict[str, Callable[[Contest, int], tuple[float, float]]] = {
    "transformers": by_transformers,
    "transformers, grouped by length": partial(by_transformers, sampling="group_by_length"),
    "cutaway": by_cutaway,  # last, for the memory that it keeps speeds up all that follows
}


def labels_of(example: Any) -> Sequence[str]:
    """The label of a text, or the tags of its words."""
    return example.tags if isinstance(example, Tagged) else example.labels


def encode(
    examples: Sequence[Any], tokenizer: Any, labels: Sequence[str], contest: Contest
) -> list[dict[str, list[int] | int]]:
    """Examples as the Trainer takes them; a word's tag stands at its first token."""
    limits = {"truncation": True, "max_length": contest.options.length}
    if contest.task == "sequence_classification":
        rows = [tokenizer(example.text, **limits) for example in examples]
        return [{**row, "labels": labels.index(example.labels[0])} for row, example in zip(rows, examples, strict=True)]
    encoded = []
    for example in examples:
        row = tokenizer(list(example.words), is_split_into_words=True, **limits)
        words = row.word_ids()
        begins = [word is not None and word not in words[:place] for place, word in enumerate(words)]
        tags = [labels.index(example.tags[words[place]]) if first else IGNORED for place, first in enumerate(begins)]
        encoded.append({**row, "labels": tags})
    return encoded


def judge(chosen: np.ndarray, features: Sequence[dict[str, Any]], contest: Contest, labels: Sequence[str]) -> float:
    """The figure of what was chosen for the test part; a word that was cut off has the tag O."""
    examples = contest.examples["test"]
    if contest.task == "sequence_classification":
        true = [example.labels[0] for example in examples]
        return classification_report([labels[number] for number in chosen], true, labels).figures["accuracy"]
    found = []
    for row, feature, example in zip(chosen, features, examples, strict=True):
        pairs = zip(row, feature["labels"], strict=False)  # a row is filled up to the longest
        tags = [labels[number] for number, label in pairs if label != IGNORED]
        found.append(tags + ["O"] * (len(example.tags) - len(tags)))
    return entity_report(found, [example.tags for example in examples]).figures["entity_f1"]


def read(arguments: argparse.Namespace) -> Contest:
    """The contest that was asked for."""
    task = arguments.task.replace("-", "_")
    kind, ending, _ = KINDS[task]
    files = {part: arguments.data / f"{part}.{ending}" for part in PARTS}
    left_out: Counter[str] = Counter()
    examples = {part: read_examples(kind, str(file), DataConfig(), left_out) for part, file in files.items()}
    report_left_out(left_out)
    return Contest(arguments.model, task, files, examples, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="a BERT in a Hugging Face folder")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="three parts")
    parser.add_argument("--task", choices=[kind.replace("_", "-") for kind in KINDS], required=True)
    parser.add_argument("--epochs", type=int, default=3, help="(default: 3)")
    parser.add_argument("--steps", type=int, help="in place of epochs")
    parser.add_argument("--batch", type=int, default=32, help="examples (default: 32)")
    parser.add_argument("--length", type=int, default=256, help="tokens of an example at most (default: 256)")
    parser.add_argument("--rate", type=float, default=1e-4, help="peak learning rate (default: 1e-4)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="(default: 0)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    contest = read(arguments)
    print(f"{describe_machine()}; {contest.steps:,} steps of {arguments.batch} examples, fp32", file=sys.stderr)
    rows = {}
    for name, train in CONTESTANTS.items():
        results = []
        for seed in arguments.seeds:
            results.append(train(contest, seed))
            gc.collect()
        figure, minutes = (statistics.mean(column) for column in zip(*results, strict=True))
        rows[name] = {f"test {KINDS[contest.task][2]}": figure, "minutes": minutes}
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
