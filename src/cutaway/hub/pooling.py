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
