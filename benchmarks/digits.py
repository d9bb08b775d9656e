"""The 1,797 handwritten digits of scikit-learn, as a training and a test part, stratified by class.

    python benchmarks/digits.py --out DIR
    cutaway train vit-nano --data DIR/train.npz --out runs/digits model.embedding.patch=2 task.shift=1 data.validation=0
    cutaway evaluate runs/digits --data DIR/test.npz

Grey images of 8 × 8 pixels (E. Alpaydin and C. Kaynak, 1998); their 17 levels are scaled to bytes, so that the model
can read image files too. The test part has a fifth of each digit. No part of the training data is held out, since
nothing is selected by it.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

LEVELS = 16
TEST = 0.2
CHOICES = "model.embedding.patch=2 task.shift=1 data.validation=0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder, created if missing")
    parser.add_argument("--seed", type=int, default=0, help="of the parts (default: 0)")
    arguments = parser.parse_args()

    digits = load_digits()
    images = (digits.images * 255 / LEVELS).round().astype(np.uint8)
    parts = train_test_split(images, digits.target, test_size=TEST, random_state=arguments.seed, stratify=digits.target)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, images, labels in (("train", *parts[0::2]), ("test", *parts[1::2])):
        np.savez(arguments.out / f"{name}.npz", images=images, labels=labels)
    print(f"cutaway train vit-nano --data {arguments.out}/train.npz --out runs/digits {CHOICES}")
    print(f"cutaway evaluate runs/digits --data {arguments.out}/test.npz")


if __name__ == "__main__":
    main()
