"""`preprocessor_config.json` of models that read images: the normalisation of pixels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.model.run_folder import read_json, write_json
from cutaway.tasks.shared import ImagesConfig

FILE = "preprocessor_config.json"
BYTE = 1 / 255
"""The factor that bytes are multiplied by before means and standard deviations are applied."""
UNSAID = 0.5
"""The default mean and standard deviation of a channel, which map bytes to numbers from −1 to 1."""


def image_choices(folder: Path, channels: int) -> dict[str, Any]:
    """The choices for `task`; ours are means and standard deviations of the unscaled values."""
    said = _said(folder)
    factor = said.get("rescale_factor", BYTE) if said.get("do_rescale", True) else 1.0
    mean, std = said.get("image_mean", [UNSAID] * channels), said.get("image_std", [UNSAID] * channels)
    if not said.get("do_normalize", True):
        mean, std = [0.0] * channels, [1.0] * channels
    return {
        "values": "bytes" if said.get("do_rescale", True) else "numbers",
        "mean": [value / factor for value in mean],
        "std": [value / factor for value in std],
    }


def image_notes(folder: Path, config: RunConfig) -> tuple[str, ...]:
    """What users must know, one line each; nothing for models that do not read images."""
    embedding = config.model.embedding
    if not isinstance(embedding, PatchEmbeddingConfig):
        return ()
    size = f"{embedding.height} × {embedding.width} pixels"
    unsaid = () if _said(folder) else (f"there is no {FILE}: bytes of images are taken to mean numbers from −1 to 1",)
    return (f"images are not resized: the model was trained with {size}", *unsaid)


def write_images(folder: Path, config: RunConfig) -> None:
    """Writes the file, for a model that reads images and has a normalisation."""
    task, embedding = config.task, config.model.embedding
    if not isinstance(task, ImagesConfig) or not isinstance(embedding, PatchEmbeddingConfig) or task.mean is None:
        return
    factor = BYTE if task.values == "bytes" else 1.0
    said = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": embedding.height, "width": embedding.width},
        "do_rescale": task.values == "bytes",
        "rescale_factor": BYTE,
        "do_normalize": True,
        "image_mean": [value * factor for value in task.mean],
        "image_std": [value * factor for value in task.std or ()],
    }
    write_json(folder / FILE, said)


def _said(folder: Path) -> Mapping[str, Any]:
    said = read_json(folder / FILE) if (folder / FILE).exists() else {}
    if not isinstance(said, dict):
        raise UserError(f"{folder / FILE} holds no options")
    return said
