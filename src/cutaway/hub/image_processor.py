"""`preprocessor_config.json` of models that read images: the normalisation of pixels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError, counted
from cutaway.model.run_folder import read_json, write_json
from cutaway.tasks.shared import ImagesConfig

FILE = "preprocessor_config.json"
BYTE = 1 / 255
"""The factor that bytes are multiplied by before means and standard deviations are applied."""
COLOURS = 3
UNSTATED = 0.5
"""The default mean and standard deviation of a channel, which map bytes to numbers from −1 to 1."""


def image_choices(folder: Path, channels: int) -> dict[str, Any]:
    """The choices for `task`; ours are means and standard deviations of the unscaled values."""
    processor = _read_processor(folder)
    factor = processor.get("rescale_factor", BYTE) if processor.get("do_rescale", True) else 1.0
    mean, std = processor.get("image_mean", [UNSTATED] * channels), processor.get("image_std", [UNSTATED] * channels)
    if not processor.get("do_normalize", True):
        mean, std = [0.0] * channels, [1.0] * channels
    mean, std = (_of_channels(name, values, channels, folder) for name, values in (("mean", mean), ("std", std)))
    return {
        "values": "bytes" if processor.get("do_rescale", True) else "numbers",
        "mean": [value / factor for value in mean],
        "std": [value / factor for value in std],
    }


def image_notes(folder: Path, config: RunConfig) -> tuple[str, ...]:
    """What users must know, one line each; nothing for models that do not read images."""
    embedding = config.model.embedding
    if not isinstance(embedding, PatchEmbeddingConfig):
        return ()
    size = f"{embedding.height} × {embedding.width} pixels"
    notes = [f"images are not resized: the model was trained with {size}"]
    if not _read_processor(folder):
        notes.append(f"there is no {FILE}: pixel values are scaled to numbers from −1 to 1")
    return tuple(notes)


def write_images(folder: Path, config: RunConfig) -> None:
    """Writes the file, for a model that reads images and has a normalisation."""
    task, embedding = config.task, config.model.embedding
    if not isinstance(task, ImagesConfig) or not isinstance(embedding, PatchEmbeddingConfig) or task.mean is None:
        return
    factor = BYTE if task.values == "bytes" else 1.0
    copies = COLOURS if embedding.channels == 1 else 1  # pipelines convert every picture to RGB
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "do_convert_rgb": copies > 1,
        "do_resize": True,
        "size": {"height": embedding.height, "width": embedding.width},
        "do_rescale": task.values == "bytes",
        "rescale_factor": BYTE,
        "do_normalize": True,
        "image_mean": [value * factor for value in task.mean] * copies,
        "image_std": [value * factor for value in task.std or ()] * copies,
    }
    write_json(folder / FILE, processor)


def _read_processor(folder: Path) -> Mapping[str, Any]:
    processor = read_json(folder / FILE) if (folder / FILE).exists() else {}
    if not isinstance(processor, dict):
        raise UserError(f"{folder / FILE} holds no options")
    return processor


def _of_channels(name: str, values: Any, channels: int, folder: Path) -> list[float]:
    """The values of each channel; a grey picture that is read as one in colour has them thrice.

    Raises:
        UserError: there are more or fewer.
    """
    values = values if isinstance(values, list) else [values] * channels
    if channels == 1 and len(set(values)) == 1:
        return values[:1]
    if len(values) != channels:
        raise UserError(
            f"{folder / FILE} has image_{name} of {counted(len(values), 'channel')}, but the model has {channels}"
        )
    return values
