"""Opening models of other libraries: folders, files, or names on the hub."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cutaway.errors import UserError
from cutaway.hub.download import download, is_name
from cutaway.hub.gguf.importing import import_gguf
from cutaway.hub.importing import Imported, import_folder
from cutaway.hub.nanogpt import import_nanogpt
from cutaway.model.run_folder import RunFolder, read_json
from cutaway.text.hf.folders import load_source_tokenizer, tokenizer_with_notes
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Opened:
    """An imported model with its tokenizers.

    Attributes:
        path: its folder or file.
        imported: the model.
        tokenizer: of its text; None for a model of images.
        source_tokenizer: of its source, if that has its own.
    """

    path: Path
    imported: Imported
    tokenizer: Tokenizer | None
    source_tokenizer: Tokenizer | None = None


FILES = {".gguf": import_gguf, ".pt": import_nanogpt}
"""From the endings of files that contain a whole model to their readers."""


def is_foreign(path: str) -> bool:
    """Whether a path is a model of another library, or its name on the hub."""
    return Path(path).suffix in FILES or _is_folder_of_others(Path(path)) or is_name(path)


def open_model(path: str, dtype: torch.dtype = torch.float32) -> Opened:
    """Opens a Hugging Face folder, the one of a name on the hub, or a file that contains a whole model.

    Raises:
        UserError: it has no known model, or a damaged one.
    """
    if Path(path).suffix in FILES:
        imported, tokenizer = FILES[Path(path).suffix](Path(path), dtype)
        return Opened(Path(path), imported, tokenizer)
    if not is_name(path):
        return _open_folder(Path(path), dtype, ())
    folder, revision = download(path)
    return _open_folder(folder, dtype, (f"{path} is revision {revision}",))


def _is_folder_of_others(folder: Path) -> bool:
    """Whether a folder contains a model but no run: a run that lost a file is still a run."""
    if RunFolder(folder).run.exists() or not (folder / "config.json").is_file():
        return False
    try:
        found = read_json(folder / "config.json")
    except UserError:  # it will be reported when the folder is opened
        return True
    return not (isinstance(found, dict) and found.get("model_type") == "cutaway")


def _open_folder(folder: Path, dtype: torch.dtype, notes: tuple[str, ...]) -> Opened:
    imported = import_folder(folder, dtype)
    imported = replace(imported, notes=notes + imported.notes)
    if imported.config.task.kind == "image_classification":
        return Opened(folder, imported, None)
    tokenizer, contradictions = tokenizer_with_notes(folder)
    imported = replace(imported, notes=imported.notes + contradictions)
    known = imported.config.model.vocabulary
    if known is not None and tokenizer.vocabulary > known:
        raise UserError(f"{folder}: the tokenizer has {tokenizer.vocabulary} tokens, but the model has {known}")
    return Opened(folder, imported, tokenizer, load_source_tokenizer(folder))
