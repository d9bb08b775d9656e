"""Pre-tokenizers of byte-level tokenizers, by their names in llama.cpp."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
CUTTING = ("pre_tokenizer", "normalizer")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


@dataclass(frozen=True)
class Way:
    """One way to split text.

    Attributes:
        cut: makes the pre-tokenizer.
        composed: whether text is normalised to composed characters (NFC) first.
        whole: whether a word that is a token is used without merges.
        begins: whether a text starts with the begin token, unless the file says otherwise.
    """

    cut: Callable[[], pre_tokenizers.PreTokenizer]
    composed: bool = False
    whole: bool = False
    begins: bool = False


def _words() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _digits() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _words()])


def _by(pattern: str) -> Callable[[], pre_tokenizers.PreTokenizer]:
    def cut() -> pre_tokenizers.PreTokenizer:
        bytes_alone = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), bytes_alone])

    return cut


WAYS = {
    "gpt-2": Way(_words),
    "default": Way(_words),
    "smollm": Way(_digits),
    "llama-bpe": Way(_by(LLAMA3), whole=True, begins=True),
    "qwen2": Way(_by(QWEN2), composed=True),
}


def way_of(content: Mapping[str, Any]) -> str | None:
    """The name of a tokenizer's way to split, given its `tokenizer.json`, if it has one."""
    for name, way in WAYS.items():
        like = tokenizers.Tokenizer(models.BPE())
        like.pre_tokenizer = way.cut()
        like.normalizer = normalizers.NFC() if way.composed else None
        asked = json.loads(like.to_str())
        is_whole = content["model"].get("ignore_merges", False)
        if is_whole == way.whole and all(_bare(content[part]) == _bare(asked[part]) for part in CUTTING):
            return name
    return None


def _bare(part: object) -> object:
    """Without options that change offsets only."""
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name != "trim_offsets"}
    return [_bare(one) for one in part] if isinstance(part, list) else part
