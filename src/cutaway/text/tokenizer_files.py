"""Reading the files of a tokenizer."""

from pathlib import Path
from typing import Any

import tokenizers

from cutaway.errors import UserError
from cutaway.files import parse_json, require_file


def config_beside(path: Path) -> Path:
    """The path of `tokenizer_config.json` for a `tokenizer.json`."""
    return path.with_name(f"{path.stem}_config.json")


def read_inner(path: Path) -> tokenizers.Tokenizer:
    """Reads a `tokenizer.json`.

    Raises:
        UserError: it is missing, incomplete, or not a tokenizer.
    """
    require_file(path)
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read the tokenizer {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a tokenizer.json: it is not UTF-8 text") from error
    try:
        return tokenizers.Tokenizer.from_str(content)
    except Exception as error:  # the library has no more specific exception
        raise UserError(f"{path} is not a tokenizer.json, or was cut short: {error}") from error


def read_config(path: Path) -> dict[str, Any]:
    """Reads a JSON file of a tokenizer's folder; empty if it does not exist.

    Raises:
        UserError: it is not a JSON object.
    """
    if not path.exists():
        return {}
    try:
        require_file(path)
        config = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path} holds no JSON object")
    return config
