"""`deepseek-nano` against a dense model with the same number of active parameters per token.

    python benchmarks/experts.py --data tinyshakespeare.txt

Both are trained by `cutaway train`, one after the other, with the same configuration except for the feed-forward
network: the dense model's is gated and as wide as the chosen and shared experts of a layer together. Each is measured
by the lowest validation loss of its run.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peers import describe_machine

from cutaway.config import load_preset
from cutaway.config.reading import load_run
from cutaway.model.build import build
from cutaway.model.run_folder import RunFolder
from cutaway.nn.experts import Experts
from cutaway.training.callbacks import read_rows

PRESET = "deepseek-nano"
TARGET = 0.02
"""How much worse experts may be."""


def dense_choices() -> list[str]:
    """What makes the dense model of the preset."""
    experts = load_preset(PRESET).model.feedforward
    assert experts.kind == "experts"
    hidden = (experts.chosen + experts.shared) * experts.hidden
    choices = ("kind=gated", f"hidden={hidden}", f"activation={experts.activation}")
    return [f"model.feedforward.{choice}" for choice in choices]


def train(out: Path, data: Path, seed: int, choices: list[str]) -> dict[str, float]:
    """Trains a model by the command line; returns what is told of it where its validation loss was lowest."""
    words = ["train", PRESET, "--data", str(data), "--out", str(out), f"train.seed={seed}", *choices]
    subprocess.run([sys.executable, "-m", "cutaway", *words], check=True)
    rows = [row for row in read_rows(RunFolder(out).metrics) if row["kind"] == "validation"]
    best: dict[str, float] = min(rows, key=lambda row: row["loss"])
    total, active = count_parameters(out)
    return {"parameters": total, "active": active, **best}


def count_parameters(out: Path) -> tuple[int, int]:
    """Those of a run's model, and those that a token passes through."""
    with torch.device("meta"):
        model = build(load_run(RunFolder(out).run).model)
    total = sum(weight.numel() for weight in model.parameters())
    idle = 0
    for layer in model.modules():
        if isinstance(layer, Experts):
            one = sum(weight.numel() for weight in layer.experts[0].parameters())
            idle += (len(layer.experts) - layer.routing.experts_per_token) * one
    return total, total - idle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="tinyshakespeare")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("choices", nargs="*", default=[], metavar="key=value", help="changes to both models")
    arguments = parser.parse_args()

    pair = {"experts": arguments.choices, "dense": [*dense_choices(), *arguments.choices]}
    rounds = []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in arguments.seeds:
            found = {
                name: train(Path(scratch) / f"{name}-{seed}", arguments.data, seed, choices)
                for name, choices in pair.items()
            }
            rounds.append({"seed": seed, **found, "difference": found["experts"]["loss"] - found["dense"]["loss"]})
    mean = statistics.mean(one["difference"] for one in rounds)
    if arguments.json:
        print(json.dumps({"machine": describe_machine(), "rounds": rounds, "difference": mean}, indent=2))
        return
    print(describe_machine())
    for name in pair:
        one = rounds[0][name]
        print(f"{name}: {one['parameters']:,} parameters, {one['active']:,} of them active per token")
    for one in rounds:
        losses = ", ".join(f"{name} {one[name]['loss']:.4f} at step {one[name]['step']}" for name in pair)
        load = one["experts"]["expert_load"]
        print(f"seed {one['seed']}: {losses}; difference {one['difference']:+.4f}; largest load {load:.2f}")
    print(f"mean difference: {mean:+.4f} (at most {TARGET:+} is {'reached' if mean <= TARGET else 'missed'})")


if __name__ == "__main__":
    main()
