"""One image from a file, (height, width, channels), and whether a model can read it."""

import io
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from cutaway.config.embedding import PatchEmbeddingConfig, fitting_patches
from cutaway.data.readers import opened
from cutaway.errors import UserError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")

NUMBERS = "buif"
"""Kinds of arrays that pixels may come in: booleans and numbers, but for complex ones."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_CHANNELS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}
"""Modes of bytes, or what stands for bytes: whether they are grey or red, green and blue."""
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


def open_image(path: Path) -> UInt8[np.ndarray, "height width channels"]:
    """The pixels of a file as a person sees it, upright: 1 channel if it is grey, 3 if it has colours.

    Raises:
        UserError: it cannot be read, holds several images, or pixels that are not bytes of grey or of three colours;
            says how to convert it.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise UserError(f"reading {path} needs Pillow: install it with pip install 'cutaway[vision]'") from error
    with opened(path) as file:
        content = io.BytesIO(file.read())
    try:
        with Image.open(content, formats=_FORMATS) as image:
            _refuse_lossy(image, path)
            pixels = np.asarray(ImageOps.exif_transpose(image).convert(_CHANNELS[image.mode]))
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is too large to be opened: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{path} is none of {', '.join(_FORMATS)}, or is damaged: save it anew") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def image_of(given: Any, embedding: PatchEmbeddingConfig) -> np.ndarray:
    """The pixels of an image that a model is to read.

    Args:
        given: the path of a file, or an array (height, width, channels), or (height, width) if there is one channel.
        embedding: of the model.

    Raises:
        UserError: it cannot be read, or does not fit the model.
    """
    if isinstance(given, str | Path):
        name, pixels = str(given), open_image(Path(given).expanduser())
    elif isinstance(given, np.ndarray) and given.ndim in (2, 3) and given.dtype.kind in NUMBERS:
        name, pixels = "the image", given if given.ndim == 3 else given[:, :, None]
    else:
        raise UserError("an image is a path, or an array of numbers, (height, width, channels) or (height, width)")
    require_fitting(name, pixels.shape, embedding)
    return pixels


def require_fitting(name: str, shape: tuple[int, ...], embedding: PatchEmbeddingConfig) -> None:
    """Refuses an image that the model cannot cut into patches.

    Args:
        name: of the image, for the message.
        shape: its height, width and channels.
        embedding: of the model.

    Raises:
        UserError: it has other channels, or sides that are no multiples of a patch; names the patches that would fit.
    """
    height, width, channels = shape
    if embedding.channels not in (None, channels):
        raise UserError(
            f"{name} has {channels} channels, and the model reads images of {embedding.channels} (grey has 1, "
            f"colours 3): convert it"
        )
    if height % embedding.patch or width % embedding.patch:
        fitting = ", ".join(map(str, fitting_patches(height, width)))
        raise UserError(
            f"{name} has {height} × {width} pixels, no multiples of a patch of {embedding.patch}: crop it, or train "
            f"with a model.embedding.patch that fits ({fitting})"
        )


def _refuse_lossy(image: Any, path: Path) -> None:
    """Refuses an image of which something would be lost."""
    convert = f"convert it, such as by magick {shlex.quote(str(path))}"
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # a photograph that brings a preview along
        raise UserError(f"{path} holds {image.n_frames} images, one after another: save one of them alone")
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        raise UserError(f"{path} has transparent parts, an alpha channel: {convert} -alpha remove NEW.png")
    if image.mode[0] in "IF" or (image.format == "PNG" and any("16" in str(tile[3]) for tile in image.tile)):
        raise UserError(f"{path} has more than 8 bits a channel: {convert} -depth 8 NEW.png")
    if image.mode not in _CHANNELS:
        raise UserError(f"{path} has colours in the mode {image.mode}: {convert} -colorspace sRGB NEW.png")
