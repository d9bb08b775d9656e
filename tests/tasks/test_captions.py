"""Captioned images as rows: pixels on one scale, captions framed, and nothing left out without being counted."""

from collections import Counter

import numpy as np
import pytest

from cutaway.config.model import ModelConfig
from cutaway.data.arrays import Array
from cutaway.data.examples import CaptionedImage
from cutaway.errors import UserError
from cutaway.tasks.image_captioning.config import ImageCaptioningConfig
from cutaway.tasks.image_captioning.task import caption_rows
from text.kinds import WRITERS, train

PIXELS = np.random.default_rng(2).integers(256, size=(3, 4, 6, 2), dtype=np.uint8)
CAPTIONS = ["the cat sat", "low", "the cat sat on the mat"]
EXAMPLES = [CaptionedImage(Array.of(pixels), caption) for pixels, caption in zip(PIXELS, CAPTIONS, strict=True)]


TASK = ImageCaptioningConfig(mean=(100.0, 20.0), std=(50.0, 8.0))


def model(context: int = 100, patch: int = 2) -> ModelConfig:
    embedding = {"kind": "patches", "patch": patch, "channels": 2}
    return ModelConfig.model_validate(
        {"architecture": "encoder_decoder", "context": context, "source_embedding": embedding}
    )


@pytest.mark.parametrize("kind", WRITERS)
def test_an_image_is_brought_to_scale_and_its_caption_is_framed(kind: str) -> None:
    tokenizer, counted = WRITERS[kind], Counter[str]()
    rows = caption_rows(tokenizer, EXAMPLES, TASK, model(), counted)
    for row, pixels, caption in zip(rows, PIXELS, CAPTIONS, strict=True):
        assert row.source.dtype == np.float32
        assert row.source[1, 3, 5] == pytest.approx((pixels[3, 5, 1] - 20) / 8)
        assert row.source.shape == (2, 4, 6)
        assert row.target == [tokenizer.begin, *tokenizer.encode(caption), tokenizer.end]
        assert row.lengths == (6, len(row.target))
    assert not counted


def test_captions_that_are_too_long_are_left_out_and_counted() -> None:
    counted: Counter[str] = Counter()
    rows = caption_rows(WRITERS["word"], EXAMPLES, TASK, model(context=5), counted)
    assert [row.target for row in rows] == [
        row.target for row in caption_rows(WRITERS["word"], EXAMPLES[:2], TASK, model(), Counter())
    ]
    assert counted == {"longer than 5 tokens": 1}


def test_what_cannot_be_framed_or_cut_into_patches_is_told() -> None:
    with pytest.raises(UserError, match="the tokenizer of the target has no start token: train another one"):
        caption_rows(train("char"), EXAMPLES, TASK, model(), Counter())
    with pytest.raises(UserError, match="4 × 6 pixels, no multiples of a patch of 4"):
        caption_rows(WRITERS["word"], EXAMPLES, TASK, model(patch=4), Counter())
