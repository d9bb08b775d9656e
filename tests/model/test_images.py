"""What must hold of models that read images, whatever their positions: patches in order, each image by itself."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.model.transformer import EncoderOnly
from cutaway.tap import capture, tap_names
from model.identities import assert_fused_equals_plain, close
from variants import BATCH, LAYERS, VOCABULARY, WIDTH, hidden, name, variant

PATCH, CHANNELS, ROWS, COLUMNS = 4, 5, 2, 7
SLOTS = ROWS * COLUMNS + 1
SCHEMES = ("none", "learned", "rotary", "alibi", "relative")
CHOICES: list[dict[str, Any]] = [
    *({"position": position} for position in SCHEMES),
    {"position": "learned", "residual": "post", "norm": "rms"},
    {"position": "learned", "attention": {"window": 3}, "residual": "parallel"},
]
every_scheme = pytest.mark.parametrize("choices", CHOICES, ids=name)


def images(rows: int = ROWS, columns: int = COLUMNS, batch: int = BATCH, channels: int = CHANNELS) -> Tensor:
    return torch.randn(batch, channels, rows * PATCH, columns * PATCH, generator=torch.Generator().manual_seed(4))


def reader(*, cls: bool = True, normalised: bool = False, **choices: Any) -> EncoderOnly:
    """A model that scores as many labels at each place as there are tokens elsewhere."""
    size = {"channels": CHANNELS, "height": ROWS * PATCH, "width": COLUMNS * PATCH}
    embedding = {"kind": "patches", "patch": PATCH, "cls": cls, "norm": normalised, **size}
    head = {"kind": "token", "labels": VOCABULARY}
    return variant(**{"architecture": "encoder", "vocabulary": None, "embedding": embedding, "head": head, **choices})


@every_scheme
def test_fused_equals_plain_with_gradients(choices: dict[str, Any]) -> None:
    model = reader(**choices)
    every = torch.ones(BATCH, SLOTS, dtype=torch.bool)
    assert_fused_equals_plain(model, lambda: model(images()), every, LAYERS)


@every_scheme
def test_many_at_once_are_each_alone(choices: dict[str, Any]) -> None:
    model = reader(**choices).eval()
    together = model(images())
    assert together.shape == (BATCH, SLOTS, VOCABULARY)
    for image, expected in zip(images(), together, strict=True):
        assert close(model(image[None])[0], expected)


@every_scheme
def test_every_pixel_is_seen(choices: dict[str, Any]) -> None:
    model = reader(**choices).eval()
    image = images(batch=1).requires_grad_()
    model(image).square().sum().backward()
    assert (image.grad != 0).all()


def test_patches_are_read_channel_by_channel_and_follow_each_other_row_by_row() -> None:
    embed = reader().encoder.embed
    with capture(embed, ["tokens", "positions", "out"]) as trace:
        out = embed(images(), torch.arange(SLOTS)[None])
    for number, (row, column) in enumerate(product(range(ROWS), range(COLUMNS))):
        square = images()[:, :, row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
        expected = square.flatten(1) @ embed.projection.weight.T + embed.projection.bias
        assert close(trace["tokens"][:, number], expected)
        assert torch.equal(trace["positions"][1 + number], embed.grid.weight[row, column])
        assert close(out[:, 1 + number], expected + embed.grid.weight[row, column])
    assert torch.equal(out[:, 0], (embed.cls + embed.grid.before[0]).expand(BATCH, -1))
    assert torch.equal(trace["out"], out)


def test_the_sum_is_normalised_and_dropped_if_it_is_to_be() -> None:
    normalised = reader(normalised=True).encoder.embed
    plain = reader().encoder.embed
    places = torch.arange(SLOTS)[None]
    plain.load_state_dict({key: value for key, value in normalised.state_dict().items() if "norm" not in key})
    assert close(normalised(images(), places), normalised.norm(plain(images(), places)))
    dropping = reader(dropout=0.5).train().encoder.embed
    assert 0.3 < (dropping(images(), places) == 0).float().mean() < 0.7


def test_without_a_class_vector_there_is_a_place_for_each_patch() -> None:
    model = reader(cls=False, head={"kind": "sequence", "labels": 3, "pooling": "mean"})
    assert model.encoder.embed.slots(images()).shape == (BATCH, SLOTS - 1)
    assert model.encoder.embed.grid.before is None
    assert hidden(model, images()).states.shape == (BATCH, SLOTS - 1, WIDTH)
    assert model(images()).shape == (BATCH, 3)


def test_the_head_reads_the_class_vector() -> None:
    model = reader(head={"kind": "sequence", "labels": 3, "pooling": "cls"}).eval()
    with capture(model, ["encoder.norm", "head.pooled"]) as trace:
        model(images())
    assert torch.equal(trace["head.pooled"], trace["encoder.norm"][:, 0])


def test_without_positions_the_order_of_patches_is_nothing_and_with_them_it_counts() -> None:
    flipped = images().unflatten(3, (COLUMNS, PATCH)).flip(3).flatten(3)  # columns of patches, each as it was
    for position, is_nothing in (("none", True), ("learned", False)):
        model = reader(position=position, head={"kind": "sequence", "labels": 3, "pooling": "cls"}).eval()
        assert close(model(flipped), model(images()), 1e-4) == is_nothing, position


@pytest.mark.parametrize("position", SCHEMES)
def test_an_image_of_another_size_is_read_too(position: str) -> None:
    model = reader(position=position).eval()
    assert model(images(3, 4)).shape == (BATCH, 13, VOCABULARY)


def test_images_that_cannot_be_read_are_refused() -> None:
    model = reader()
    with pytest.raises(ValueError, match="the model reads images of 5 channels, but these have 3"):
        model(images(channels=3))
    for size, said in (((9, 28), "9 × 28"), ((8, 27), "8 × 27")):
        with pytest.raises(ValueError, match=f"an image of {said} pixels cannot be divided into patches of 4"):
            model(torch.zeros(1, CHANNELS, *size))


def test_every_listed_tap_is_emitted() -> None:
    for position in SCHEMES:
        model = reader(position=position)
        with capture(model, "*") as trace:
            model(images())
        assert sorted(trace) == sorted(tap_names(model))
        assert ("encoder.embed.positions" in trace) == (position == "learned")
        assert trace["encoder.embed.tokens"].shape == (BATCH, SLOTS - 1, WIDTH)
