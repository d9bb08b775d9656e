"""Training speed of a translation model in target tokens per second, cutaway against JoeyNMT.

    python benchmarks/translation_speed.py --joeynmt DIR --data DIR

Both have the sizes of `transformer-tiny`: 4 + 4 layers, width 128, 4 heads, feed-forward 256, a joint vocabulary of
9,700; batches of 4,096 tokens including padding; dropout 0.3, label smoothing 0.1, Adam, clipped gradients; fp32. A
step includes everything from lists of token ids to new weights. Target tokens are counted without padding.

JoeyNMT is measured twice: with cutaway's batches, of sentences of similar length, and with batches from its own
sampler, which ignores length. Each runs in its own process, and they take turns.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from peer_joeynmt import JoeyNMT, open_joeynmt, own_batches
from peers import describe_machine
from rich.console import Console
from rich.table import Table
from torch import nn
from turns import Seat, take_turns

from cutaway.config import load_preset, override
from cutaway.model.device import keep_freed_memory
from cutaway.runs.run import Run, resume, start
from cutaway.tasks.sequence_to_sequence.task import PairRow

PAIRS, SOURCE, TARGET = "train.lc.norm.tok", "en", "de"
CHOICES = (  # all that JoeyNMT shares, whatever else the preset may come to be
    "model.width=128",
    "model.layers=4",
    "model.position=sinusoidal",
    "model.attention.heads=4",
    "model.attention.bias=true",
    "model.attention.out_bias=true",
    "model.attention.dropout=0.3",
    "model.feedforward=dense",
    "model.feedforward.hidden=256",
    "model.feedforward.activation=relu",
    "model.feedforward.bias=true",
    "model.norm=layer",
    "model.residual=pre",
    "model.dropout=0.3",
    "tokenizer=bpe",
    "tokenizer.vocabulary=9700",
    "task.label_smoothing=0.1",
    "train.batch_tokens=4096",
    "train.optimizer=adamw",
    "train.optimizer.learning_rate=1e-4",
    "train.gradient_clip=1.0",
    "train.precision=fp32",
    "train.device=cpu",
)


@dataclass
class Translator:
    """A model that learns from one batch after another."""

    name: str
    model: nn.Module
    step: Callable[[], int]
    """Learns from the next batch; returns how many target tokens that had."""

    def train(self, steps: int) -> float:
        """Makes steps; returns target tokens per second."""
        start = time.perf_counter()
        tokens = sum(self.step() for _ in range(steps))
        return tokens / (time.perf_counter() - start)


def cutaway_translator(folder: Path) -> Translator:
    keep_freed_memory()  # as `cutaway train` does
    run = resume(folder)
    trainer, numbers = run.trainer(), count()
    return Translator("cutaway", run.model, lambda: trainer.step(next(numbers), 1.0)[2])


def joeynmt_translator(checkout: Path, folder: Path, *, own: bool) -> Translator:
    open_joeynmt(checkout)
    run = resume(folder)
    peer = JoeyNMT(run.config)
    batches = own_batches(run.dataset.training, run.config.train.batch_tokens) if own else cutaways_batches(run)
    name = "JoeyNMT, its own batches" if own else "JoeyNMT, cutaway's batches"
    return Translator(name, peer.model, lambda: peer.learn(next(batches)))


def cutaways_batches(run: Run) -> Iterator[Sequence[PairRow]]:
    """The same that cutaway trains on, in the same order."""
    training = run.dataset.training_data().training
    return (training[number] for number in count())


def prepare(data: Path, folder: Path) -> None:
    """Makes the run folder that all contestants read: pairs, their tokenizer, and every choice."""
    source = [f"data.path={data / PAIRS}", f"data.field={SOURCE}", f"data.target={TARGET}", "data.validation=0"]
    start(override(load_preset("transformer-tiny"), [*source, *CHOICES]), folder)


def show(everybody: Sequence[Seat], medians: dict[str, float]) -> None:
    table = Table("", "parameters", "target tokens/s (median)", "cutaway / this")
    for seat in everybody:
        ratio = medians["cutaway"] / medians[seat.name]
        table.add_row(seat.name, f"{seat.parameters:,}", f"{medians[seat.name]:,.0f}", f"{ratio:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joeynmt", type=Path, required=True, metavar="DIR", help="a checkout of JoeyNMT 2.3")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=f"holds {PAIRS}.{SOURCE} and .{TARGET}")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant (default: 5)")
    parser.add_argument("--steps", type=int, default=3, help="training steps a turn (default: 3)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    open_joeynmt(arguments.joeynmt)

    random.seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        prepare(arguments.data, folder)
        makers = [partial(joeynmt_translator, arguments.joeynmt, folder, own=own) for own in (False, True)]
        everybody = [Seat(make) for make in (partial(cutaway_translator, folder), *makers)]
        take_turns(everybody, arguments.rounds, arguments.steps)
    medians = {seat.name: statistics.median(seat.rates) for seat in everybody}
    if arguments.json:
        print(json.dumps({"machine": describe_machine(), "target_tokens_per_second": medians}, indent=2))
    else:
        print(describe_machine())
        show(everybody, medians)


if __name__ == "__main__":
    main()
