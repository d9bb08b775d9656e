"""Sentence Transformers' `modules.json`: from hidden states to one vector (Reimers & Gurevych 2019)."""

from pathlib import Path
from typing import Any

from cutaway.errors import UserError
from cutaway.model.run_folder import read_json

MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
}
MODULES = ("Transformer", "Pooling", "Normalize")


LIMITS = "sentence_bert_config.json"
"""The file of the module that reads text; it may be older and have another name."""


def longest_text(folder: Path, task: str) -> dict[str, Any]:
    """The choice for `task` of the most tokens of a text (`max_seq_length`); empty if there is none.

    Raises:
        UserError: it is not a positive number.
    """
    if task != "sentence_embedding" or not (folder / LIMITS).exists():
        return {}
    limits = read_json(folder / LIMITS)
    if not isinstance(limits, dict):
        raise UserError(f"{folder / LIMITS} holds no options")
    longest = limits.get("max_seq_length")
    if longest is not None and not (isinstance(longest, int) and longest > 0):
        raise UserError(f"{folder / LIMITS} says max_seq_length={longest!r}, which is not a number of tokens")
    return {} if longest is None else {"longest": longest}


def sentence_notes(folder: Path) -> tuple[str, ...]:
    """What the files of a sentence model ask for that is not done, one line each."""
    limits = read_json(folder / LIMITS) if (folder / LIMITS).exists() else {}
    asks = isinstance(limits, dict) and limits.get("do_lower_case") is True
    return (f"{LIMITS} asks for texts in lower case, but they are left as they are",) if asks else ()


def sentence_choices(folder: Path, task: str) -> dict[str, Any]:
    """The head of an embedding model by its `modules.json`; empty if there is none.

    Raises:
        UserError: it has something that is not implemented.
    """
    path = folder / "modules.json"
    if task != "sentence_embedding" or not path.exists():
        return {}
    modules = {module["type"].rsplit(".", 1)[-1]: folder / module["path"] for module in read_json(path)}
    unknown = [name for name in modules if name not in MODULES]
    if unknown:
        raise UserError(f"{path} asks for the module {unknown[0]}, which cutaway does not implement")
    if "Pooling" not in modules:
        raise UserError(f"{path} names no module that pools")
    asked = read_json(modules["Pooling"] / "config.json")
    chosen = [name for name, value in asked.items() if name.startswith("pooling_mode_") and value]
    if len(chosen) != 1 or chosen[0] not in MODES:
        raise UserError(
            f"{modules['Pooling']} asks for {' and '.join(chosen) or 'no pooling'}, and cutaway has {', '.join(MODES)}"
        )
    return {"pooling": MODES[chosen[0]], "hidden": False, "normalised": "Normalize" in modules}
