"""Where a model comes from, by what its path is: a folder or a name of the hub."""

from dataclasses import dataclass
from pathlib import Path

import torch

from cutaway.errors import UserError
from cutaway.hub.importing import Imported, import_folder
from cutaway.text.foreign import load_tokenizer
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Opened:
    """A model that came from elsewhere, with what reads text for it.

    Attributes:
        imported: the model.
        tokenizer: of its text; none of a model of pictures.
        source_tokenizer: of its source, where that has its own.
    """

    imported: Imported
    tokenizer: Tokenizer | None
    source_tokenizer: Tokenizer | None = None


def is_foreign(path: Path) -> bool:
    """Whether a path is a model of other people's making."""
    return (path / "config.json").is_file() and not (path / "run.yaml").exists()


def open_model(path: Path, dtype: torch.dtype = torch.float32) -> Opened:
    """Opens a Hugging Face folder.

    Raises:
        UserError: it holds no model that we know, or a damaged one.
    """
    imported = import_folder(path, dtype)
    if imported.config.task.kind == "image_classification":
        return Opened(imported, None)
    tokenizer = load_tokenizer(path)
    known = imported.config.model.vocabulary
    if known is not None and tokenizer.vocabulary > known:
        raise UserError(f"{path}: the tokenizer has {tokenizer.vocabulary} tokens, and the model knows {known}")
    return Opened(imported, tokenizer)
