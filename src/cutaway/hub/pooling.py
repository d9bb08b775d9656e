"""Sentence Transformers' `modules.json`: from hidden states to one vector (Reimers & Gurevych 2019)."""

from pathlib import Path
from typing import Any

from cutaway.config.head import EmbeddingHeadConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.model.run_folder import read_json, write_json

MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
}
"""From the options of older files, of which one is true, to our poolings. All versions of the library read them."""
SINGLE = "pooling_mode"
"""The option of newer files, whose value is the name of a pooling, or a list of names."""
NAMES = {"cls": "cls", "mean": "mean", "max": "max", "lasttoken": "last"}

LIST = "modules.json"
LIMITS = "sentence_bert_config.json"
"""The file of the module that reads text; it may be older and have another name."""
PROMPTS = "config_sentence_transformers.json"
MODULES = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
"""Modules and their folders."""
PACKAGE = "sentence_transformers.models"


def longest_text(folder: Path, context: int) -> dict[str, Any]:
    """The choice for `task` of the most tokens of a text to embed; empty if they are limited by the context only.

    Older folders say it in the file of the module that reads text, newer ones in that of the tokenizer.

    Raises:
        UserError: it is not a positive number.
    """
    if not (folder / LIST).exists():
        return {}
    for file, option in ((LIMITS, "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        longest = _read_options(folder / file).get(option)
        if longest is not None:
            if not (isinstance(longest, int | float) and longest > 0):
                raise UserError(f"{folder / file} says {option}={longest!r}, which is not a number of tokens")
            return {"longest": int(longest)} if longest < context else {}
    return {}


def sentence_notes(folder: Path, task: str) -> tuple[str, ...]:
    """What the files of a sentence model ask for that is not done, one line each."""
    if task != "sentence_embedding":
        return ()
    notes = []
    if _read_options(folder / LIMITS).get("do_lower_case") is True:
        notes.append(f"{LIMITS} asks for texts in lower case, but they are left as they are")
    if (prompt := _read_options(folder / PROMPTS).get("default_prompt_name")) is not None:
        notes.append(f"{PROMPTS} asks for the prompt {prompt!r} before texts, but they are left as they are")
    return tuple(notes)


def held_by_modules(head: EmbeddingHeadConfig) -> dict[str, Any]:
    """The choices of a head that `modules.json` holds, whatever the class of the model implies."""
    return {} if head.hidden else {"pooling": head.pooling, "hidden": False, "normalised": head.normalised}


def write_sentences(folder: Path, config: RunConfig) -> None:
    """Writes the modules of a model that embeds texts, unless its head is that of a class."""
    head = config.model.head
    if not isinstance(head, EmbeddingHeadConfig) or head.hidden:
        return
    names = [name for name in MODULES if name != "Normalize" or head.normalised]
    modules = [
        {"idx": i, "name": str(i), "path": MODULES[name], "type": f"{PACKAGE}.{name}"} for i, name in enumerate(names)
    ]
    write_json(folder / LIST, modules)
    longest = getattr(config.task, "longest", None) or config.model.context
    write_json(folder / LIMITS, {"max_seq_length": longest, "do_lower_case": False})
    pooling = {option: ours == head.pooling for option, ours in MODES.items()}
    (folder / MODULES["Pooling"]).mkdir()
    write_json(folder / MODULES["Pooling"] / "config.json", {"word_embedding_dimension": config.model.width, **pooling})
    if head.normalised:
        (folder / MODULES["Normalize"]).mkdir()
        write_json(folder / MODULES["Normalize"] / "config.json", {})


def sentence_choices(folder: Path, task: str) -> dict[str, Any]:
    """The head of an embedding model by its `modules.json`; empty if there is none.

    Raises:
        UserError: it has something that is not implemented.
    """
    path = folder / LIST
    if task != "sentence_embedding" or not path.exists():
        return {}
    modules = {module["type"].rsplit(".", 1)[-1]: folder / module["path"] for module in read_json(path)}
    unknown = [name for name in modules if name not in MODULES]
    if unknown:
        raise UserError(f"{path} asks for the module {unknown[0]}, which cutaway does not implement")
    if "Pooling" not in modules:
        raise UserError(f"{path} names no module that pools")
    pooling = _read_pooling(modules["Pooling"])
    return {"pooling": pooling, "hidden": False, "normalised": "Normalize" in modules}


def _read_pooling(folder: Path) -> str:
    asked = _read_options(folder / "config.json")
    if SINGLE in asked:
        chosen, known = asked[SINGLE], NAMES
        chosen = chosen if isinstance(chosen, list) else [chosen]
    else:
        chosen, known = [name for name, value in asked.items() if name.startswith(f"{SINGLE}_") and value], MODES
    if len(chosen) != 1 or chosen[0] not in known:
        requested = " and ".join(map(str, chosen)) or "no pooling"
        raise UserError(f"{folder} asks for {requested}, and cutaway has {', '.join(known)}")
    return known[chosen[0]]


def _read_options(path: Path) -> dict[str, Any]:
    """The options in a file; none if it does not exist.

    Raises:
        UserError: it holds something else.
    """
    options = read_json(path) if path.exists() else {}
    if not isinstance(options, dict):
        raise UserError(f"{path} holds no options")
    return options
