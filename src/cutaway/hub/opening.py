"""Models of other people, by what their paths are: folders, files, or names on the hub."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cutaway.errors import UserError
from cutaway.hub.download import download, is_name
from cutaway.hub.gguf.importing import import_gguf
from cutaway.hub.importing import Imported, import_folder
from cutaway.hub.nanogpt import import_nanogpt
from cutaway.model.run_folder import RunFolder, read_json
from cutaway.text.hf.folders import load_tokenizer
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Opened:
    """A model that came from elsewhere, with what reads text for it.

    Attributes:
        path: the folder or file that it lies in.
        imported: the model.
        tokenizer: of its text; none of a model of images.
        source_tokenizer: of its source, where that has its own.
    """

    path: Path
    imported: Imported
    tokenizer: Tokenizer | None
    source_tokenizer: Tokenizer | None = None


FILES = {".gguf": import_gguf, ".pt": import_nanogpt}
"""What reads a file that is a whole model, by how its name ends."""


def is_foreign(path: str) -> bool:
    """Whether a path is a model of other people's making, or its name on the hub."""
    return Path(path).suffix in FILES or _is_folder_of_others(Path(path)) or is_name(path)


def open_model(path: str, dtype: torch.dtype = torch.float32) -> Opened:
    """Opens a Hugging Face folder, the one that a name on the hub stands for, or a file that is a whole model.

    Raises:
        UserError: it holds no model that we know, or a damaged one.
    """
    if Path(path).suffix in FILES:
        imported, tokenizer = FILES[Path(path).suffix](Path(path), dtype)
        return Opened(Path(path), imported, tokenizer)
    if not is_name(path):
        return _open_folder(Path(path), dtype, ())
    folder, revision = download(path)
    return _open_folder(folder, dtype, (f"{path} is revision {revision}",))


def _is_folder_of_others(folder: Path) -> bool:
    """Whether it holds a model, and none of ours: a run that lost a file is still a run."""
    if RunFolder(folder).run.exists() or not (folder / "config.json").is_file():
        return False
    try:
        found = read_json(folder / "config.json")
    except UserError:  # whoever opens it will say so
        return True
    return not (isinstance(found, dict) and found.get("model_type") == "cutaway")


def _open_folder(folder: Path, dtype: torch.dtype, notes: tuple[str, ...]) -> Opened:
    imported = import_folder(folder, dtype)
    imported = replace(imported, notes=notes + imported.notes)
    if imported.config.task.kind == "image_classification":
        return Opened(folder, imported, None)
    tokenizer = load_tokenizer(folder)
    known = imported.config.model.vocabulary
    if known is not None and tokenizer.vocabulary > known:
        raise UserError(f"{folder}: the tokenizer has {tokenizer.vocabulary} tokens, and the model knows {known}")
    return Opened(folder, imported, tokenizer)
