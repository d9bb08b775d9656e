"""The types of entries in a GGUF file's metadata."""

import numpy as np

from cutaway.errors import UserError
from cutaway.hub.gguf.header import Header

TYPES: dict[str, type] = {
    "general.architecture": str,
    "tokenizer.chat_template": str,
    "tokenizer.ggml.model": str,
    "tokenizer.ggml.pre": str,
    "tokenizer.ggml.tokens": list,
    "tokenizer.ggml.merges": list,
    "tokenizer.ggml.scores": np.ndarray,
    "tokenizer.ggml.token_type": np.ndarray,
}
ENDINGS: dict[str, type] = {"_token_id": int, "_token": bool, "_prefix": bool, "_whitespaces": bool}
"""Types of other entries of the tokenizer, by the endings of their names."""


def require_expected(header: Header) -> None:
    """Rejects entries of other types, so that later readers need no checks.

    Raises:
        UserError: there is one.
    """
    for name, value in header.metadata.items():
        asked = TYPES.get(name)
        if asked is None and name.startswith("tokenizer.ggml."):
            asked = next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)
        if asked is not None and not isinstance(value, asked):
            kind = "list" if isinstance(value, list | np.ndarray) else type(value).__name__
            raise UserError(f"{header.path} is damaged: its {name} is a {kind}, which it never is")
