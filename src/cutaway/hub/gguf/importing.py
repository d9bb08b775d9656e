"""Importing models from GGUF files."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch

from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.hub.gguf.expected import require_expected
from cutaway.hub.gguf.header import Header, read_header
from cutaway.hub.gguf.metadata import read_options
from cutaway.hub.gguf.names import table_of
from cutaway.hub.gguf.tensors import GGUFTensors
from cutaway.hub.gguf.vocabulary import guesses, read_tokenizer
from cutaway.hub.importing import Imported, read_config, read_weights, require_layers
from cutaway.text.tokenizer import Tokenizer


def import_gguf(path: Path, dtype: torch.dtype = torch.float32) -> tuple[Imported, Tokenizer]:
    """Imports the model and the tokenizer of a GGUF file.

    Args:
        path: the file.
        dtype: of the model's weights, whatever the file's.

    Raises:
        UserError: the file is damaged, or its model or tokenizer is not supported.
    """
    header = read_header(path)
    require_expected(header)
    found = read_options(header)
    family = FAMILIES[found["model_type"]]
    config, task = read_config(found, family, path)
    require_layers(config, len(header.tensors), str(path))
    table = table_of(family.table(config.model, task), header.metadata["general.architecture"], config.model)
    tokenizer = read_tokenizer(header)
    known = config.model.vocabulary or 0
    if tokenizer.vocabulary > known:
        raise UserError(f"{path}: the tokenizer has {tokenizer.vocabulary} tokens, but the model has {known}")
    imported = read_weights(config, table, GGUFTensors(header), dtype, str(path))
    return replace(imported, notes=(*_kinds(header, dtype), *guesses(header), *imported.notes)), tokenizer


def _kinds(header: Header, dtype: torch.dtype) -> list[str]:
    """The number of tensors whose type was converted."""
    kept = Counter(stored.kind.name for stored in header.tensors.values())
    read = str(dtype).removeprefix("torch.")
    return [
        f"{count} tensor{'s are' if count > 1 else ' is'} of {kind}, and read as {read}"
        for kind, count in kept.items()
        if kind != "F32"
    ]
