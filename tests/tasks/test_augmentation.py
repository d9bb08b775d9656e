"""Moved images: by no more than wanted, in every direction, filled with zeros, the same whenever asked for."""

import numpy as np
import pytest

from cutaway.tasks.image_classification.augmentation import Shifted, move
from cutaway.tasks.labels import LabelledRow

CHANNELS, HEIGHT, WIDTH, BATCH, MOST = 2, 5, 7, 60, 2
PICTURE = np.arange(1, CHANNELS * HEIGHT * WIDTH + 1, dtype=np.float32).reshape(CHANNELS, HEIGHT, WIDTH)


class Same:
    """Batches of one image, each time with other targets."""

    def __getitem__(self, index: int) -> list[LabelledRow]:
        return [LabelledRow(PICTURE, 9, (float(index + i),)) for i in range(BATCH)]


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (-1, 0), (0, 2), (0, -2), (2, -1), (-4, 6)])
def test_an_image_moves_as_far_as_it_is_told_and_zeros_move_in(down: int, right: int) -> None:
    moved = move(PICTURE, down, right)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            y, x = row - down, column - right
            inside = 0 <= y < HEIGHT and 0 <= x < WIDTH
            assert (moved[:, row, column] == (PICTURE[:, y, x] if inside else 0)).all()


def test_every_move_up_to_the_farthest_occurs_and_no_other() -> None:
    places = range(-MOST, MOST + 1)
    known = {move(PICTURE, down, right).tobytes(): (down, right) for down in places for right in places}
    assert len(known) == 25
    shifted = Shifted(Same(), MOST, seed=3)
    assert {known[row.shown.tobytes()] for index in range(9) for row in shifted[index]} == set(known.values())


def test_batch_i_depends_on_the_seed_and_on_i_alone() -> None:
    def shown(seed: int, index: int) -> np.ndarray:
        return np.stack([row.shown for row in Shifted(Same(), MOST, seed)[index]])

    again = Shifted(Same(), MOST, seed=3)
    for index in (5, 1, 5):
        assert np.array_equal(np.stack([row.shown for row in again[index]]), shown(3, index))
    assert not np.array_equal(shown(3, 5), shown(4, 5))
    assert not np.array_equal(shown(3, 5), shown(3, 6))


def test_what_is_to_be_said_stays() -> None:
    rows = Shifted(Same(), MOST, seed=3)[4]
    assert [(row.length, row.target) for row in rows] == [(9, (4.0 + i,)) for i in range(BATCH)]
