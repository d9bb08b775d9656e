"""Pixels as a model reads them: channels first, and each channel alike over the data."""

import numpy as np
import pytest

from cutaway.errors import UserError
from cutaway.tasks.image_classification.config import ImageClassificationConfig
from cutaway.tasks.images import channel_statistics, image_rows, values_of

BYTES = [np.random.default_rng(i).integers(7 * i, 256, size=(4 + i, 6, 3), dtype=np.uint8) for i in range(5)]


def task(images: list[np.ndarray]) -> ImageClassificationConfig:
    mean, std = channel_statistics(images)
    return ImageClassificationConfig(values=values_of(images), mean=mean, std=std)


def test_every_channel_has_mean_0_and_deviation_1_over_all_images() -> None:
    rows = image_rows(BYTES, task(BYTES))
    assert [row.shape for row in rows] == [(3, 4 + i, 6) for i in range(5)]
    assert {row.dtype for row in rows} == {np.dtype(np.float32)}
    together = np.concatenate([row.reshape(3, -1) for row in rows], axis=1)
    np.testing.assert_allclose(together.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(together.std(axis=1), 1, rtol=1e-5)


def test_rows_and_columns_stay_where_they_are() -> None:
    told = ImageClassificationConfig(mean=(1, 2, 3), std=(2, 4, 8))
    (row,) = image_rows(BYTES[:1], told)
    for channel, (mean, std) in enumerate([(1, 2), (2, 4), (3, 8)]):
        np.testing.assert_allclose(row[channel], (BYTES[0][:, :, channel] - float(mean)) / std, rtol=1e-6)


def test_a_channel_that_is_always_the_same_becomes_zero() -> None:
    images = [np.full((2, 3, 1), 9, np.uint8)] * 2
    assert channel_statistics(images) == ((9.0,), (1.0,))
    assert (image_rows(images, task(images))[0] == 0).all()


def test_bytes_and_other_numbers_are_not_mixed() -> None:
    shares = [image / 255 for image in BYTES]
    assert (values_of(BYTES), values_of(shares), values_of([*BYTES, *shares])) == ("bytes", "numbers", "numbers")
    with pytest.raises(UserError, match=r"reads bytes from 0 to 255.* is an array of float64: .*astype"):
        image_rows(shares, task(BYTES))
    with pytest.raises(UserError, match="the image has bytes, as in image files, but the model reads other num"):
        image_rows(BYTES, task(shares))
