"""Tokenizers of Hugging Face folders."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tokenizers

from cutaway.errors import UserError
from cutaway.files import make_folder, require_file, write_text
from cutaway.text.hf.classes import class_of, differing, is_qwen, remade
from cutaway.text.hf.multilingual import M2M_100, MBART, PIECES, read_m2m_100, read_mbart
from cutaway.text.hf.piece_families import (
    LLAMA,
    MARIAN,
    T5,
    read_llama,
    read_marian_source,
    read_marian_target,
    read_t5,
)
from cutaway.text.hf.vocabularies import (
    BERT,
    GPT2,
    ROBERTA,
    begin_and_end,
    read_gpt2,
    read_roberta,
    read_wordpiece,
)
from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.tokenizer_config import added_token
from cutaway.text.tokenizer_files import config_beside, read_config, read_inner
from cutaway.text.uses import around_text

SAYING = ("config.json", "generation_config.json", "special_tokens_map.json", "tokenizer_config.json")
"""Files with a tokenizer's configuration; later ones take precedence."""

PLAIN = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
"""The class that uses a `tokenizer.json` unchanged."""


OVERRULING = (
    *("do_lower_case", "strip_accents", "tokenize_chinese_chars", "add_prefix_space"),
    *("legacy", "legacy_behaviour", "src_lang"),
)
"""Options of `tokenizer_config.json` that some classes of `transformers` prefer to `tokenizer.json`."""


@dataclass(frozen=True)
class Kind:
    """A kind of tokenizer with its own files.

    Attributes:
        files: their names.
        models: the `model_type`s that use it, with which the names of their tokenizer classes start.
        read: reads the tokenizer, given the folder and its configuration.
        specials: its special tokens, by the names of `tokenizer_config.json`, unless the folder has others.
    """

    files: tuple[str, ...]
    models: tuple[str, ...]
    read: Callable[[Path, Mapping[str, Any]], tokenizers.Tokenizer]
    specials: Mapping[str, str]


KINDS = (
    Kind(("vocab.txt",), ("bert", "distilbert", "electra"), read_wordpiece, BERT),
    Kind(("vocab.json", "merges.txt"), ("gpt2", "opt"), read_gpt2, GPT2),
    Kind(("vocab.json", "merges.txt"), ("roberta", "bart"), read_roberta, ROBERTA),
    Kind(("spiece.model",), ("t5", "mt5"), read_t5, T5),
    Kind(("tokenizer.model",), ("llama", "mistral"), read_llama, LLAMA),
    Kind((PIECES, "vocab.json"), ("m2m_100", "m2m100"), read_m2m_100, M2M_100),
    Kind((PIECES,), ("mbart", "mbart50"), read_mbart, MBART),
    Kind(("source.spm", "target.spm", "vocab.json"), ("marian",), read_marian_target, MARIAN),
)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Reads the tokenizer of a Hugging Face folder; that of the target, if the source has its own.

    Special tokens are those in `tokenizer_config.json` and similar files. Where the files contradict each other, they
    have the precedence that they have in `transformers` (`tokenizer_with_notes` says where); so do the special tokens
    around a text.

    Raises:
        UserError: the folder has no known tokenizer, or a damaged one.
    """
    return tokenizer_with_notes(folder)[0]


def tokenizer_with_notes(folder: Path) -> tuple[Tokenizer, tuple[str, ...]]:
    """The same, and what users must know about contradictions between its files, one line each."""
    config = _read_config(folder)
    path = folder / "tokenizer.json"
    if path.exists():
        inner, notes = _as_in_transformers(folder, path, config)
        return Tokenizer.with_config(inner, config), notes
    return _load_without_file(folder, config), ()


def _as_in_transformers(
    folder: Path, path: Path, config: Mapping[str, Any]
) -> tuple[tokenizers.Tokenizer, tuple[str, ...]]:
    inner, told = read_inner(path), read_config(folder / "tokenizer_config.json")
    options = {**read_config(folder / "special_tokens_map.json"), **told}
    options["tokenizer_class"] = config.get("tokenizer_class")
    name = class_of(options, str(config.get("model_type")), inner)
    used = inner if name is None else remade(inner, name, options)
    notes = []
    if changed := differing(inner, used):
        asked = [f"{option}={_shown(told[option])}" for option in OVERRULING if told.get(option) is not None]
        because = f" with {', '.join(asked)}" if asked else ""
        notes.append(f"as in transformers, {name}{because} takes precedence over {', '.join(changed)} of {path.name}")
    if used.post_processor is None:  # the library adds nothing around a text
        begin_and_end(used, {}, path)
    frame = PostProcessor.of(used.post_processor)
    for option, there in (("add_bos_token", frame.before), ("add_eos_token", frame.after)):
        if option in told and (told[option] is True) != bool(there):
            has = "has" if there else "has no"
            notes.append(f"as in transformers, {option}={_shown(told[option])} has no effect: {path.name} {has} one")
    return used, tuple(notes)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _load_without_file(folder: Path, config: Mapping[str, Any]) -> Tokenizer:
    kind = _kind(folder, config)
    config = {**kind.specials, **config}
    inner = kind.read(folder, config)
    _add_tokens(inner, folder, config)
    return Tokenizer.with_config(inner, config)


def is_of_qwen(tokenizer: Tokenizer) -> bool:
    """Whether Qwen's class in `transformers`, which it uses for `qwen2` whatever a folder says, gives the same ids."""
    return is_qwen(tokenizers.Tokenizer.from_str(json.dumps(tokenizer.content)))


def load_source_tokenizer(folder: Path) -> Tokenizer | None:
    """Reads the tokenizer of the source, if it has its own, as in Marian.

    Raises:
        UserError: it is damaged.
    """
    if (folder / "tokenizer.json").exists() or not (folder / "source.spm").exists():
        return None
    config = {**MARIAN, **_read_config(folder)}
    return Tokenizer.with_config(read_marian_source(folder, config), config)


def write_tokenizer(
    tokenizer: Tokenizer, folder: Path, frame: PostProcessor | None = None, longest: int | None = None
) -> None:
    """Writes a tokenizer's files to a Hugging Face folder, so that `transformers` gives the same ids.

    Args:
        tokenizer: any.
        folder: for `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`.
        frame: the special tokens around a text; by default, those for encoders (`cutaway.text.uses`).
        longest: the most tokens of a text, to which `transformers` truncates on request.

    Raises:
        JobError: the folder cannot be written.
    """
    make_folder(folder)
    path = folder / "tokenizer.json"
    framed = tokenizer.with_frame(frame or around_text(tokenizer))
    framed.save(path)
    specials = {name: token for name, token in framed.config.items() if name.endswith("_token")}
    limit = {} if longest is None else {"model_max_length": longest}
    told = framed.config | PLAIN | limit
    for file, config in ((config_beside(path), told), (folder / "special_tokens_map.json", specials)):
        write_text(file, json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def _read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a folder's tokenizer, from all its files.

    Raises:
        UserError: one of them cannot be read, or something in the folder is a pipe, which could be read forever.
    """
    for entry in folder.iterdir() if folder.is_dir() else ():
        if not entry.is_dir():
            require_file(entry)
    config: dict[str, Any] = {}
    for name in SAYING:
        config |= {key: value for key, value in read_config(folder / name).items() if value is not None}
    template = folder / "chat_template.jinja"
    if template.exists():
        try:
            config["chat_template"] = template.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{template} cannot be read: {error}") from None
    return config


def _kind(folder: Path, config: Mapping[str, Any]) -> Kind:
    there = [kind for kind in KINDS if all((folder / name).exists() for name in kind.files)]
    name = str(config.get("tokenizer_class") or config.get("model_type") or "")
    of_model = name.removesuffix("Fast").removesuffix("Tokenizer").lower()
    fitting = [kind for kind in there if not name or of_model in kind.models]
    if len(fitting) == 1:
        return fitting[0]
    if there:
        known = ", ".join(model for kind in there for model in kind.models)
        raise UserError(
            f"{folder} holds {', '.join(there[0].files)} of {name or 'an unknown kind of tokenizer'}, and without a "
            f"tokenizer.json those of {known} are known: save it with transformers once, which writes tokenizer.json"
        )
    files = "; ".join(" and ".join(kind.files) for kind in KINDS)
    raise UserError(f"{folder} holds no tokenizer: neither tokenizer.json, nor one of: {files}")


def _add_tokens(inner: tokenizers.Tokenizer, folder: Path, config: Mapping[str, Any]) -> None:
    """Adds the tokens that a folder stores separately from the vocabulary, each with its id."""
    beside = {str(number): token for token, number in read_config(folder / "added_tokens.json").items()}
    tokens = beside | config.get("added_tokens_decoder", {})
    for number in sorted(tokens, key=lambda number: (len(number), number)):
        added = added_token(tokens[number], special=False)
        inner.add_tokens([added])
        if str(inner.token_to_id(added.content)) != number:
            raise UserError(f"{folder} adds the token {added.content!r} as {number}, which is not the next free id")
