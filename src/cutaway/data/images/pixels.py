"""Reading an image, (height, width, channels), and whether it fits a model."""

import io
import shlex
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from cutaway.config.embedding import PatchEmbeddingConfig, fitting_patches
from cutaway.data.readers import opened
from cutaway.errors import UserError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")

MOST_PIXELS = 1 << 25
"""Of a file: 33 million."""
MOST_PATCHES = 1 << 14
"""That a model reads, unless it was trained on more."""
NUMBERS = "buif"
"""Kinds of NumPy dtypes for pixels: booleans, integers and floating-point numbers."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_CHANNELS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}
"""Pillow's modes that are converted to bytes of grey or RGB."""
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


def open_image(path: Path) -> UInt8[np.ndarray, "height width channels"]:
    """The pixels of a file as displayed, upright: 1 channel if it is grey, 3 if it is in colour.

    Raises:
        UserError: it cannot be read, has more pixels than `MOST_PIXELS`, contains several images, or its pixels are not
            bytes of grey or RGB; says how to convert it.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise UserError(f"reading {path} needs Pillow: install it with pip install 'cutaway[vision]'") from error
    with opened(path) as file:
        content = io.BytesIO(file.read())
    try:
        with _opened(content) as image:
            _refuse_large(image, path)
            _refuse_lossy(image, path)
            pixels = np.asarray(ImageOps.exif_transpose(image).convert(_CHANNELS[image.mode]))
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is too large to be opened: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{path} is none of {', '.join(_FORMATS)}, or is damaged: save it anew") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def image_of(given: Any, embedding: PatchEmbeddingConfig) -> np.ndarray:
    """The pixels of an image for a model to read.

    Args:
        given: the path of a file, or an array (height, width, channels), or (height, width) with one channel.
        embedding: of the model.

    Raises:
        UserError: it cannot be read, does not fit the model, or has more patches than `MOST_PATCHES`.
    """
    if isinstance(given, str | Path):
        name, pixels = str(given), open_image(Path(given).expanduser())
    elif isinstance(given, np.ndarray) and given.ndim in (2, 3) and given.dtype.kind in NUMBERS:
        name, pixels = "the image", given if given.ndim == 3 else given[:, :, None]
    else:
        raise UserError("an image is a path, or an array of numbers, (height, width, channels) or (height, width)")
    require_fitting(name, pixels.shape, embedding)
    known = (embedding.height or 0) * (embedding.width or 0) // embedding.patch**2
    patches = pixels.shape[0] * pixels.shape[1] // embedding.patch**2
    if patches > max(known, MOST_PATCHES):
        trained = f", and the model was trained on {known:,}" if known else ""
        raise UserError(f"{name} has {patches:,} patches, more than {MOST_PATCHES:,}{trained}: scale or crop it")
    return pixels


def require_fitting(name: str, shape: tuple[int, ...], embedding: PatchEmbeddingConfig) -> None:
    """Rejects an image that the model cannot divide into patches.

    Args:
        name: of the image, for the message.
        shape: its height, width and channels.
        embedding: of the model.

    Raises:
        UserError: its channels differ, or its sides are not multiples of a patch; names the patches that would fit.
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


def _opened(content: io.BytesIO) -> Any:
    """Opens an image without Pillow's warning that it is large, which is told otherwise."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(content, formats=_FORMATS)


def _refuse_large(image: Any, path: Path) -> None:
    """Rejects an image before it is decompressed."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UserError(f"{path} has {height:,} × {width:,} pixels, more than {MOST_PIXELS:,}: scale or crop it")


def _refuse_lossy(image: Any, path: Path) -> None:
    """Rejects an image that cannot be converted without loss."""
    convert = f"convert it, such as by magick {shlex.quote(str(path))}"
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # MPO is a photograph with a preview
        raise UserError(f"{path} holds {image.n_frames} images, one after another: save one of them alone")
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        raise UserError(f"{path} has transparent parts, an alpha channel: {convert} -alpha remove NEW.png")
    if image.mode[0] in "IF" or (image.format == "PNG" and any("16" in str(tile[3]) for tile in image.tile)):
        raise UserError(f"{path} has more than 8 bits a channel: {convert} -depth 8 NEW.png")
    if image.mode not in _CHANNELS:
        raise UserError(f"{path} has colours in the mode {image.mode}: {convert} -colorspace sRGB NEW.png")
