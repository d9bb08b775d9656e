"""Trains presets for a few steps, exports them, loads them in `transformers`, and imports them again.

    python benchmarks/round_trip.py

Prints, for each, the largest difference between the logits of both libraries relative to the largest logit, and
whether the imported weights are identical to the trained ones.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from cutaway.config.reading import load_preset, override
from cutaway.pipeline import load
from cutaway.runs.run import start

PAIRS = "a red house\tein rotes haus\na small dog\tein kleiner hund\na red dog\tein roter hund\n"
SHORT = ["train.evaluate_every=100", "train.save_every=100"]
PRESETS: dict[str, list[str]] = {
    "gpt-nano": ["data.path=python-docs"],
    "llama-nano": ["data.path=python-docs", "tokenizer.vocabulary=512", "train.batch_size=4"],
    "bert-nano": ["data.path=python-docs", "tokenizer.vocabulary=512", "train.batch_size=4"],
    "t5-nano": ["data.path=pairs.tsv", "tokenizer=char", "data.validation=0.3"],
    "vit-nano": ["data.path=images.npz", "model.embedding.cls=true", "model.head.pooling=cls"],
}


def write_data(folder: Path) -> None:
    """Sentences with translations, and small images with labels."""
    (folder / "pairs.tsv").write_text(PAIRS * 4, encoding="utf-8")
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (64, 8, 12, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images, labels=np.arange(64) % 4)


def go_round(preset: str, choices: list[str], folder: Path, steps: int) -> tuple[str, float, str, bool]:
    """Trains, writes, compares, reads: the format, the difference, what opened it, and whether weights are the same."""
    data = folder / choices[0].removeprefix("data.path=")
    choices = [f"data.path={data}" if data.exists() else choices[0], *choices[1:], *SHORT, f"train.steps={steps}"]
    run = start(override(load_preset(preset), choices), folder / preset)
    run.train()
    trained = load(folder / preset)
    exported = trained.export(folder / f"{preset}-out")
    back = dict(load(folder / f"{preset}-out").model.named_parameters())
    same = all(torch.equal(weight, back[name]) for name, weight in trained.model.named_parameters())
    return exported.format, exported.difference, exported.against, same


def main() -> None:
    """Prints a line a preset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_data(Path(name))
        for preset, choices in PRESETS.items():
            kind, difference, against, same = go_round(preset, choices, Path(name), given.steps)
            weights = "identical" if same else "NOT identical"
            print(f"{preset:<11} as {kind:<20} against {against}: {difference:.1e}; imported weights: {weights}")


if __name__ == "__main__":
    main()
