"""Images as files, made for tests."""

from pathlib import Path
from typing import Any

import numpy as np

from support import require_module

Image: Any = require_module("PIL.Image")


def colours(height: int = 4, width: int = 6, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Random bytes, (height, width, channels), or (height, width) if channels is 0."""
    size = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(256, size=size, dtype=np.uint8)


def write(path: Path, pixels: np.ndarray, mode: str | None = None, **options: Any) -> Path:
    """Writes an image, as the end of its name says, in the mode that its array has or another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path
