"""Time that a preset, `gpt-nano-fast` or another, takes to reach the final loss of the CPU command in nanoGPT's README.

    python benchmarks/time_to_loss.py --data tinyshakespeare.txt --nanogpt DIR

nanoGPT runs that command in its own process; its time is the sum of its iterations, without evaluations. Its last
checkpoint and cutaway's weights are evaluated on the last tenth of the text, in consecutive windows of 64 characters,
each character predicted once. For cutaway, too, only training time counts, from the first step on. The two take
turns, `--rounds` times.
"""

import argparse
import json
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peers import describe_machine, load_nanogpt
from torch import Tensor

from cutaway.config import load_preset, override
from cutaway.data.text.corpus import open_corpus
from cutaway.data.text.windows import SequentialWindows
from cutaway.model.device import keep_freed_memory
from cutaway.nn.losses import IGNORED
from cutaway.runs.run import start
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress

BLOCK = 64
# In fp32, as nanoGPT computes on a CPU.
RUN = ("train.evaluate_every=10", "train.sample_every=none", "train.precision=fp32")
STEPS = {"gpt-nano": 220, "gpt-nano-fast": 110}
README_COMMAND = (
    "train.py config/train_shakespeare_char.py --device=cpu --compile=False --eval_iters=20 --log_interval=1 "
    "--block_size=64 --batch_size=12 --n_layer=4 --n_head=4 --n_embd=128 --max_iters=2000 --lr_decay_iters=2000 "
    "--dropout=0.0"
)
WITHOUT_EVALUATIONS_BETWEEN = "--eval_interval=2000"


class LossClock(Callback):
    """Notes after how many seconds of training each validation loss was reached."""

    def __init__(self) -> None:
        self.curve: list[tuple[float, int, float]] = []

    def evaluate(self, progress: Progress, figures: Mapping[str, float]) -> None:
        self.curve.append((progress.seconds, progress.step, figures["loss"]))


def run_nanogpt(checkout: Path, data: Path, scratch: Path) -> tuple[float, float]:
    """Seconds of training of the README's command, and the validation loss it ends with."""
    work = scratch / "nanogpt"
    shutil.copytree(checkout, work, ignore=shutil.ignore_patterns(".git", "assets"))
    text = data.read_text(encoding="utf-8")
    ids = {character: i for i, character in enumerate(sorted(set(text)))}
    tokens = np.array([ids[character] for character in text], dtype=np.uint16)
    cut = int(len(text) * 0.9)
    folder = work / "data" / "shakespeare_char"
    tokens[:cut].tofile(folder / "train.bin")
    tokens[cut:].tofile(folder / "val.bin")
    with (folder / "meta.pkl").open("wb") as file:
        pickle.dump({"vocab_size": len(ids), "stoi": ids, "itos": {i: c for c, i in ids.items()}}, file)
    words = [sys.executable, *README_COMMAND.split(), WITHOUT_EVALUATIONS_BETWEEN]
    done = subprocess.run(words, cwd=work, capture_output=True, text=True, check=True)
    times = {int(n): float(ms) for n, ms in re.findall(r"iter (\d+): loss [\d.]+, time ([\d.]+)ms", done.stdout)}
    seconds = sum(ms for n, ms in times.items() if n not in (0, 2000)) / 1000
    module = load_nanogpt(work)
    saved = torch.load(work / "out-shakespeare-char" / "ckpt.pt", map_location="cpu", weights_only=True)
    model = module.GPT(module.GPTConfig(**saved["model_args"]))
    model.load_state_dict(saved["model"])
    model.eval()
    return seconds, judge(lambda inputs: model(inputs, inputs)[0], tokens[cut:])


@torch.inference_mode()
def judge(logits: Callable[[Tensor], Tensor], tokens: np.ndarray) -> float:
    """Mean loss over the whole validation part, in windows of 64."""
    windows = SequentialWindows(tokens.astype(np.int64), BLOCK, 128)
    total = count = 0.0
    for i in range(len(windows)):
        inputs, targets = map(torch.from_numpy, windows[i])
        total += F.cross_entropy(logits(inputs).mT, targets, ignore_index=IGNORED, reduction="sum").item()
        count += (targets != IGNORED).sum().item()
    return total / count


def run_cutaway(preset: str, data: Path, out: Path, choices: list[str]) -> tuple[list[tuple[float, int, float]], float]:
    """The course of a run of a preset, and its last loss by the same judgement as nanoGPT's."""
    config = override(load_preset(preset), [f"data.path={data}", f"model.context={BLOCK}", *choices])
    keep_freed_memory()  # as `cutaway train` does
    run = start(config, out)
    clock = LossClock()
    run.train([clock])
    validation = open_corpus(out).validation
    return clock.curve, judge(run.model.eval(), validation[0 : len(validation)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="tinyshakespeare")
    parser.add_argument("--nanogpt", type=Path, metavar="DIR", help="a checkout; left out, only cutaway runs")
    parser.add_argument("--preset", choices=list(STEPS), default="gpt-nano-fast")
    parser.add_argument("--target", type=float, help="the loss to reach, if nanoGPT does not run")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("choices", nargs="*", default=[], metavar="key=value", help="changes to the preset")
    arguments = parser.parse_args()
    choices = [*RUN, f"train.steps={STEPS[arguments.preset]}", *arguments.choices]

    rounds = []
    for number in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as scratch:
            row: dict[str, float | None] = {"target": arguments.target}
            if arguments.nanogpt:
                row["nanogpt_seconds"], row["target"] = run_nanogpt(arguments.nanogpt, arguments.data, Path(scratch))
            curve, last = run_cutaway(arguments.preset, arguments.data, Path(scratch) / "run", choices)
        target = row["target"] or 0.0
        reached = next(((seconds, step) for seconds, step, loss in curve if loss <= target), (None, None))
        row |= {"cutaway_seconds": reached[0], "cutaway_step": reached[1]}
        row |= {"last_loss": last, "last_seconds": curve[-1][0]}
        if reached[0] and arguments.nanogpt:
            row["ratio"] = reached[0] / row["nanogpt_seconds"]
        rounds.append(row)
        print(f"round {number + 1}: " + ", ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
    ratios = [row["ratio"] for row in rounds if row.get("ratio")]
    summary = {"machine": describe_machine(), "rounds": rounds, "ratio": statistics.median(ratios) if ratios else None}
    if arguments.json:
        print(json.dumps(summary, indent=2))
        return
    print(summary["machine"])
    for row in rounds:
        if arguments.nanogpt:
            print(f"nanoGPT: validation loss {row['target']:.4f} after {row['nanogpt_seconds']:.1f} s of training")
        if row["cutaway_seconds"] is None:
            print(f"cutaway: ended at {row['last_loss']:.4f} after {row['last_seconds']:.1f} s, without reaching it")
        else:
            print(f"cutaway: reached it after {row['cutaway_seconds']:.1f} s, at step {row['cutaway_step']}")
    if ratios:
        print(f"ratio (median): 1/{1 / summary['ratio']:.1f} of nanoGPT's time")


if __name__ == "__main__":
    main()
