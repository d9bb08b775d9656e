"""Tokenizers with vocabularies in their own files, without a `tokenizer.json`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from cutaway.errors import UserError
from cutaway.text.tokenizer_config import spelling

BERT = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
GPT2 = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
ROBERTA = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
"""The special tokens of a family, unless the folder has others."""


def read_wordpiece(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """A `vocab.txt` with one piece per line (Devlin et al. 2019).

    Raises:
        UserError: the file is damaged, or lacks the special tokens around a text.
    """
    path = folder / "vocab.txt"
    unknown = str(spelling(options["unk_token"]))
    try:
        inner = tokenizers.Tokenizer(models.WordPiece.from_file(str(path), unk_token=unknown))
    except Exception as error:  # the library has no more specific exception
        raise UserError(f"{path} cannot be read: {error}") from error
    inner.normalizer = normalizers.BertNormalizer(
        lowercase=options.get("do_lower_case", True) is True,
        strip_accents=options.get("strip_accents"),
        handle_chinese_chars=options.get("tokenize_chinese_chars", True) is True,
    )
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece()
    inner.post_processor = processors.BertProcessing(
        required(inner.token_to_id, options, "sep_token", path), required(inner.token_to_id, options, "cls_token", path)
    )
    return inner


def read_byte_pairs(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """`vocab.json` and `merges.txt`: byte-pair encoding over bytes (Radford et al. 2019, section 2.2).

    Raises:
        UserError: a file is damaged.
    """
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    try:
        inner = tokenizers.Tokenizer(models.BPE.from_file(str(vocabulary), str(merges)))
    except Exception as error:  # the library has no more specific exception
        raise UserError(f"{vocabulary} and {merges.name} cannot be read: {error}") from error
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=options.get("add_prefix_space") is True)
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.ByteLevel(trim_offsets=False)
    return inner


def read_gpt2(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """Byte-pair encoding with the begin and end tokens that the configuration asks for: OPT's texts begin with one.

    Raises:
        UserError: a file is damaged, or lacks such a token.
    """
    inner = read_byte_pairs(folder, options)
    begin_and_end(inner, options, folder / "vocab.json")
    return inner


def read_roberta(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """Byte-pair encoding with two separators between two texts (Liu et al. 2019).

    Raises:
        UserError: a file is damaged, or lacks the special tokens around a text.
    """
    inner = read_byte_pairs(folder, options)
    path = folder / "vocab.json"
    inner.post_processor = processors.RobertaProcessing(
        required(inner.token_to_id, options, "sep_token", path),
        required(inner.token_to_id, options, "cls_token", path),
        trim_offsets=False,
        add_prefix_space=options.get("add_prefix_space") is True,
    )
    return inner


def begin_and_end(inner: tokenizers.Tokenizer, options: Mapping[str, Any], path: Path) -> None:
    """Adds the begin token before each text and the end token after it, as far as the configuration says so.

    Raises:
        UserError: the vocabulary lacks such a token.
    """
    asked = {name: options.get(f"add_{name}") is True for name in ("bos_token", "eos_token")}
    tokens = {name: required(inner.token_to_id, options, name, path) for name in asked if asked[name]}
    before, after = [[tokens[name][0]] if name in tokens else [] for name in asked]
    first = [*before, "$A", *after]
    second = [f"{token}:1" for token in (*before, "$B", *after)]
    inner.post_processor = processors.TemplateProcessing(
        single=first, pair=[*first, *second], special_tokens=list(tokens.values())
    )


def required(id_of: Callable[[str], int | None], options: Mapping[str, Any], name: str, path: Path) -> tuple[str, int]:
    """A token by its name in the configuration, and its id.

    Raises:
        UserError: the vocabulary lacks it.
    """
    token = str(spelling(options.get(name)))
    number = id_of(token)
    if number is None:
        raise UserError(f"{path} lacks {token!r}, the {name} of this tokenizer")
    return token, number
