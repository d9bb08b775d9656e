"""Pixels come back as they were written; what would lose something is refused in one line that names it."""

import builtins
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.config.embedding import PatchEmbeddingConfig, fitting_patches
from cutaway.data.images.pixels import image_of, open_image, require_fitting
from cutaway.errors import UserError
from data.image_files import Image, colours, write
from support import require_module

GREY = colours(channels=0)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["png", "PNG", "bmp", "webp"])
def test_colours_come_back_to_the_last_bit(ending: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"a.{ending}", colours(), **({"lossless": True} if ending == "webp" else {}))
    assert np.array_equal(open_image(path), colours())


@pytest.mark.parametrize("ending", ["png", "bmp"])
def test_grey_is_one_channel(ending: str, tmp_path: Path) -> None:
    found = open_image(write(tmp_path / f"a.{ending}", GREY))
    assert found.dtype == np.uint8
    assert np.array_equal(found, GREY[:, :, None])


def test_a_photograph_is_as_large_as_it_was(tmp_path: Path) -> None:
    assert open_image(write(tmp_path / "a.jpeg", colours(7, 5))).shape == (7, 5, 3)
    assert open_image(write(tmp_path / "b.jpg", GREY)).shape == (4, 6, 1)


def test_a_palette_is_its_colours_and_a_bit_is_black_or_white(tmp_path: Path) -> None:
    palette = Image.fromarray(colours()).quantize(5)
    palette.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
    assert np.array_equal(open_image(tmp_path / "a.png"), np.asarray(palette.convert("RGB")))
    bits = GREY > 100
    found = open_image(write(tmp_path / "b.png", bits))
    assert np.array_equal(found, bits[:, :, None] * np.uint8(255))


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right, when it is shown
    path = write(tmp_path / "a.png", colours(), exif=exif)
    assert np.array_equal(open_image(path), np.rot90(colours(), -1))


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("RGBA", "a.png has transparent parts, an alpha channel: convert it"),
        ("LA", "a.png has transparent parts, an alpha channel: convert it"),
        ("I;16", "a.png has more than 8 bits a channel: convert it"),
        ("CMYK", "a.jpg has colours in the mode CMYK: convert it"),
    ],
)
def test_what_would_lose_something_is_refused_by_name(mode: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / said.split()[0]
    image = Image.fromarray(colours())
    (image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)).save(path)
    told = refusal(path)
    assert said in told
    assert re.search(rf"magick \S*{path.name} -[a-z]+ \w+ NEW\.png$", told)


def test_other_ways_to_lose_something_are_refused(tmp_path: Path) -> None:
    Image.fromarray(colours()).quantize(5).save(tmp_path / "palette.png", transparency=2)
    assert "transparent parts" in refusal(tmp_path / "palette.png")
    first, second = (Image.fromarray(colours(seed=seed)) for seed in (1, 2))
    for name in ("moves.gif", "moves.png", "moves.webp"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
        assert f"{name} holds 2 images, one after another: save one of them alone" in refusal(tmp_path / name)


def test_sixteen_bits_of_colour_are_not_cut_to_eight(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", colours())
    header = bytearray(path.read_bytes())
    assert header[24] == 8, "bits a channel"
    header[24] = 16
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    path.write_bytes(header)
    assert "more than 8 bits a channel" in refusal(path)


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.png", colours(30, 40)).read_bytes()
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "short.png").write_bytes(whole[: len(whole) // 2])
    for name in ("text.png", "empty.png", "short.png"):
        assert f"{name} is none of PNG, JPEG, BMP, GIF, WEBP, or is damaged: save it anew" in refusal(tmp_path / name)
    assert re.fullmatch(r"cannot read .*nowhere\.png: No such file or directory", refusal(tmp_path / "nowhere.png"))
    assert re.fullmatch(r"cannot read .*: Is a directory", refusal(tmp_path))


def test_damage_anywhere_is_told_or_harmless(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(1), tmp_path / "a"
    for ending in ("png", "jpg", "gif", "bmp"):
        whole = np.frombuffer(write(tmp_path / f"whole.{ending}", colours(9, 7)).read_bytes(), np.uint8)
        for _ in range(40):
            damaged = whole.copy()
            damaged[rng.integers(len(whole), size=3)] = rng.integers(256, size=3)
            path.write_bytes(damaged.tobytes()[: rng.integers(len(whole)) + 1])
            try:
                told = str(open_image(path).dtype)
            except UserError as error:
                told = str(error)
            assert told == "uint8" or (path.name in told and "\n" not in told)


def test_an_image_too_large_for_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    assert "a.png is too large to be opened" in refusal(write(tmp_path / "a.png", colours()))


def test_without_pillow_its_installation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **more: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *given, **more)

    path = write(tmp_path / "a.png", colours())
    monkeypatch.setattr(builtins, "__import__", without)
    assert "needs Pillow: install it with pip install 'cutaway[vision]'" in refusal(path)


EMBEDDING = PatchEmbeddingConfig(patch=2, channels=3, height=8, width=10)


def test_an_image_is_given_by_its_path_or_as_an_array(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", colours())
    for given in (str(path), path, colours()):
        assert np.array_equal(image_of(given, EMBEDDING), colours())
    grey = EMBEDDING.model_copy(update={"channels": 1})
    assert np.array_equal(image_of(GREY / 255, grey), GREY[:, :, None] / 255)
    for wrong in (3, None, np.zeros((2, 2, 2, 3)), np.array([["a", "b"]]), np.zeros((2, 2), complex)):
        with pytest.raises(UserError, match="an image is a path, or an array of numbers"):
            image_of(wrong, EMBEDDING)


def test_an_image_must_fit_the_model(tmp_path: Path) -> None:
    grey = write(tmp_path / "grey.png", GREY)
    with pytest.raises(UserError, match=r"grey\.png has 1 channels, and the model reads images of 3 .*: convert it"):
        image_of(grey, EMBEDDING)
    for shape in ((6, 15, 3), (15, 6, 3)):
        with pytest.raises(UserError, match=r"the image has .* pixels, no multiples of a patch of 2.*fits \(1, 3\)$"):
            image_of(np.zeros(shape), EMBEDDING)
    require_fitting("any", (6, 2, 4), PatchEmbeddingConfig(patch=2))


def test_patches_that_fit_divide_both_sides() -> None:
    assert fitting_patches(28, 42) == [1, 2, 7, 14]
    assert fitting_patches(9, 16) == [1]
    with pytest.raises(UserError, match="images of width 9 cannot be cut into patches of 4"):
        PatchEmbeddingConfig(patch=4, height=8, width=9)


def test_a_large_image_is_refused_before_it_is_decompressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_module("PIL.Image").new("L", (8192, 4097)).save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.Image.Image.convert", lambda *given: pytest.fail("it was decompressed"))
    with pytest.raises(UserError, match=r"a\.png has 4,097 × 8,192 pixels, more than 33,554,432: scale or crop it"):
        open_image(tmp_path / "a.png")


def test_no_image_has_many_more_patches_than_the_model_was_trained_on() -> None:
    image = np.zeros((258, 256), np.uint8)
    trained = PatchEmbeddingConfig(patch=2, channels=1, height=8, width=8)
    assert image_of(image[:256], trained).shape == (256, 256, 1)
    with pytest.raises(UserError, match="16,512 patches, more than 16,384, and the model was trained on 16: scale"):
        image_of(image, trained)
    assert image_of(image, PatchEmbeddingConfig(patch=2, channels=1, height=258, width=256)).shape == (258, 256, 1)
