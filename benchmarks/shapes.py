"""Generated images of shapes with captions: archives of images and captions, a training and a test part.

    python benchmarks/shapes.py --out DIR
    cutaway train caption-nano --data DIR/train.npz --out runs/shapes
    cutaway evaluate runs/shapes --data DIR/test.npz

An image shows two or three shapes of different sizes and colours. Its caption names them from the smallest to the
largest, with the position of each relative to the next: "a red circle left of a blue square above a green triangle".
So each image has one correct caption. Positions, sizes, colours and noise are random.

Combinations of two neighbouring shapes and their relation are held out: if the indices of both forms, both colours
and the relation in the lists below add up to a multiple of seven, the combination is not in the training part (338 of
2,400). Each form, colour and relation occurs in training, and so does each form in each colour before and after each
relation. Every image of the test part shows at least one combination that is held out.
"""

import argparse
import random
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

FORMS = ("circle", "square", "triangle", "diamond")
COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 230),
    "yellow": (230, 210, 40),
    "purple": (160, 50, 180),
    "white": (245, 245, 245),
}
RELATIONS = {"left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0), "inside": (0, 0)}
"""By name: the direction, down and to the right, in which a shape lies from the next."""
INSIDE = list(RELATIONS).index("inside")
HELD_OUT = 7

SIDE = 32
SMALLEST = (2, 3)
"""Pixels from the middle of the smallest shape to its edges."""
LARGER = (2, 3)
"""Pixels that each shape has more than the one before, unless that lies inside it."""
HOLDS = 2.5
"""How many times as large as what lies inside it a shape is."""
BETWEEN = (1, 10)
"""Pixels between the edges of two shapes."""
BACKGROUND = (10, 60)
NOISE = 8.0


class Shape(NamedTuple):
    """A shape, its middle and the pixels from there to its edges."""

    form: int
    colour: int
    row: int
    column: int
    radius: int

    @property
    def is_whole(self) -> bool:
        return all(self.radius <= middle < SIDE - self.radius for middle in (self.row, self.column))

    @property
    def mask(self) -> np.ndarray:
        """Which pixels it covers, (SIDE, SIDE)."""
        down, right = (np.arange(SIDE) - middle for middle in (self.row, self.column))
        y, x = down[:, None], abs(right)[None, :]
        return {
            "circle": x**2 + y**2 <= self.radius**2 + 1,
            "square": np.maximum(x, abs(y)) <= self.radius,
            "triangle": (2 * x <= y + self.radius) & (y <= self.radius),
            "diamond": x + abs(y) <= self.radius,
        }[FORMS[self.form]]


class Scene(NamedTuple):
    """Shapes, the smallest first, and how each lies to the next."""

    shapes: list[Shape]
    relations: list[int]

    @property
    def is_held_out(self) -> bool:
        sums = pairwise(shape.form + shape.colour for shape in self.shapes)
        return any((sum(pair) + relation) % HELD_OUT == 0 for pair, relation in zip(sums, self.relations, strict=True))

    @property
    def caption(self) -> str:
        named = [f"a {list(COLOURS)[shape.colour]} {FORMS[shape.form]}" for shape in self.shapes]
        joined = [f"{name} {list(RELATIONS)[relation]}" for name, relation in zip(named, self.relations, strict=False)]
        return " ".join([*joined, named[-1]])

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Its image, (SIDE, SIDE, 3)."""
        pixels = np.full((SIDE, SIDE, 3), rng.uniform(*BACKGROUND))
        for shape in reversed(self.shapes):
            pixels[shape.mask] = list(COLOURS.values())[shape.colour]
        return (pixels + rng.normal(0, NOISE, pixels.shape)).round().clip(0, 255).astype(np.uint8)


def make_scene(rng: random.Random) -> Scene:
    """Two or three shapes: what they are is drawn once, where they lie until they fit."""
    count = rng.randint(2, 3)
    colours = rng.sample(range(len(COLOURS)), count)
    kinds = [(rng.randrange(len(FORMS)), colour) for colour in colours]
    relations = [rng.randrange(len(RELATIONS)) for _ in kinds[1:]]
    while True:
        shapes = place(kinds, relations, rng)
        if all(shape.is_whole for shape in shapes) and not (relations[0] != INSIDE and meet(shapes[0], shapes[-1])):
            return Scene(shapes, relations)


def place(kinds: list[tuple[int, int]], relations: list[int], rng: random.Random) -> list[Shape]:
    """Shapes of these forms and colours, the largest anywhere, and each other where its relation says."""
    radii = [rng.randint(*SMALLEST)]
    for relation in relations:
        radii.append(int(HOLDS * radii[-1]) if relation == INSIDE else radii[-1] + rng.randint(*LARGER))
    row, column = (rng.randint(radii[-1], max(radii[-1], SIDE - 1 - radii[-1])) for _ in range(2))
    shapes = [Shape(*kinds[-1], row, column, radii[-1])]
    for kind, relation, radius in list(zip(kinds, relations, radii, strict=False))[::-1]:
        shapes.insert(0, beside(shapes[0], relation, kind, radius, rng))
    return shapes


def beside(other: Shape, relation: int, kind: tuple[int, int], radius: int, rng: random.Random) -> Shape:
    """A shape that lies to the other as the relation says: further along its direction than across."""
    if relation == INSIDE:
        lower = other.radius // 4 if FORMS[other.form] == "triangle" else 0  # where it is wide enough
        return Shape(*kind, other.row + lower, other.column, radius)
    down, right = list(RELATIONS.values())[relation]
    along = radius + other.radius + rng.randint(*BETWEEN)
    across = rng.randint(-(along // 2), along // 2)
    row = other.row + (down * along if down else across)
    column = other.column + (right * along if right else across)
    return Shape(*kind, row, column, radius)


def meet(one: Shape, other: Shape) -> bool:
    """Whether the squares around two shapes touch."""
    near = one.radius + other.radius + BETWEEN[0]
    return max(abs(one.row - other.row), abs(one.column - other.column)) < near


def scenes(rng: random.Random, *, held_out: bool) -> Iterator[Scene]:
    """Scenes without end that show a combination which is held out, or none."""
    while True:
        scene = make_scene(rng)
        if scene.is_held_out == held_out:
            yield scene


def write_part(path: Path, some: Iterator[Scene], rng: np.random.Generator) -> None:
    images, captions = zip(*((scene.draw(rng), scene.caption) for scene in some), strict=True)
    np.savez_compressed(path, images=np.stack(images), captions=np.array(captions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the two archives go")
    parser.add_argument("--train", type=int, default=24000, help="images to train on (default: 24000)")
    parser.add_argument("--test", type=int, default=2000, help="images to test with (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of all images (default: 0)")
    arguments = parser.parse_args()

    arguments.out.mkdir(parents=True, exist_ok=True)
    for number, (part, count) in enumerate({"train": arguments.train, "test": arguments.test}.items()):
        some = scenes(random.Random(f"{arguments.seed} {part}"), held_out=part == "test")
        noise = np.random.default_rng((arguments.seed, number))
        write_part(arguments.out / f"{part}.npz", islice(some, count), noise)
    print(f"cutaway train caption-nano --data {arguments.out}/train.npz --out runs/shapes")
    print(f"cutaway evaluate runs/shapes --data {arguments.out}/test.npz")


if __name__ == "__main__":
    main()
