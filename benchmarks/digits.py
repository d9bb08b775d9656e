"""The 1,797 handwritten digits that scikit-learn brings along, as a training and a test part, alike in their shares.

    python benchmarks/digits.py --out DIR
    cutaway train vit-nano --data DIR/train.npz --out runs/digits model.embedding.patch=2 task.shift=1 data.validation=0
    cutaway evaluate runs/digits --data DIR/test.npz

Images of 8 × 8 pixels in grey (E. Alpaydin and C. Kaynak, 1998); their 17 levels are spread over bytes, so that a
model can read image files too. The test part is a fifth of each digit. Nothing of the training part is held out, for
there is nothing to choose by it.
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
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder, made if it is not there")
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
