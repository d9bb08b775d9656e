"""What the classes of `transformers` 5 change in a `tokenizer.json`.

A class with an `__init__` of its own takes the vocabulary, merges and special tokens from the file and makes the other
parts itself, by the options in `tokenizer_config.json`. Other classes use the file unchanged, and ignore these options.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors

from cutaway.errors import UserError
from cutaway.text.tokenizer_config import spelling

Content = dict[str, Any]
"""The content of a `tokenizer.json`."""
Named = Sequence[tuple[str, int]]
"""Special tokens, each with its id."""

OF_MODELS = {
    **dict.fromkeys(("bert", "distilbert", "electra"), "BertTokenizer"),
    **dict.fromkeys(("gpt2", "opt"), "GPT2Tokenizer"),
    "gpt_neox": "GPTNeoXTokenizer",
    **dict.fromkeys(("roberta", "roberta-prelayernorm", "bart"), "RobertaTokenizer"),
    **dict.fromkeys(("t5", "mt5"), "T5Tokenizer"),
    "mbart": "MBartTokenizer",
    **dict.fromkeys(("qwen2", "qwen3"), "Qwen2Tokenizer"),
    **dict.fromkeys(("gemma2", "gemma3_text"), "GemmaTokenizer"),
}
"""From a `model_type` to its class; models without one use the file unchanged."""
UNCHANGED = frozenset({"mistral", "mixtral", "modernbert", "olmo2", "olmo3", "phi3"})
"""The models that use the file unchanged whatever class a folder names."""
SWAPPED = frozenset({"qwen2"})
"""The models whose class is used whatever class a folder names."""
PARTS = ("model", "normalizer", "pre_tokenizer", "post_processor")
"""The parts that determine ids."""
PROBES = (
    *(
        "The quick BROWN fox, isn't it?",
        " naïve CAFÉ e\u0301 Å",
        "a  b\n\n\tc ",
        "漢字 テスト 한국어",
        "x12345 ½ ① ﬁne",
    ),
    *("\u00a0wide\u3000 space", "don't we'LL", "", "🙂👍🏽 !?…", "e_f-g (h) [i] {j}"),
)
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen's words."""
BYTE_PAIRS = {
    "dropout": None,
    "unk_token": None,
    "continuing_subword_prefix": "",
    "end_of_word_suffix": "",
    "fuse_unk": False,
    "byte_fallback": False,
    "ignore_merges": False,
}


def class_of(options: Mapping[str, Any], model_type: str, inner: tokenizers.Tokenizer) -> str | None:
    """The name of the class that `AutoTokenizer` uses for a folder; None if it uses the file unchanged.

    Args:
        options: of `tokenizer_config.json`, and the `tokenizer_class` of config.json if there is only that.
        model_type: of the folder.
        inner: of the file.
    """
    named = str(options.get("tokenizer_class") or "").removesuffix("Fast")
    usual = OF_MODELS.get(model_type)
    if model_type in UNCHANGED or (named == "LlamaTokenizer" and model_type not in SWAPPED and _is_byte_level(inner)):
        return None
    chosen = usual if not named or (usual and model_type in SWAPPED) else named
    return chosen if chosen in _REMADE else None


def remade(inner: tokenizers.Tokenizer, name: str, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """The tokenizer that a class makes of a file; the file's own if its model is of another kind."""
    kind, remake = _REMADE[name]
    content: Content = json.loads(inner.to_str())
    if content["model"]["type"] != kind:
        return inner
    if isinstance(added := options.get("added_tokens_decoder"), dict) and added:
        content["added_tokens"] = [_added(number, added[number]) for number in sorted(added, key=int)]
    remake(content, options)
    return tokenizers.Tokenizer.from_str(json.dumps(content))


def differing(one: tokenizers.Tokenizer, other: tokenizers.Tokenizer) -> list[str]:
    """The parts in which two tokenizers differ, if they give texts different ids."""
    if all(_ids(one, text) == _ids(other, text) for text in PROBES):
        return []
    ours, theirs = json.loads(one.to_str()), json.loads(other.to_str())
    return [part for part in PARTS if ours[part] != theirs[part]]


def is_qwen(inner: tokenizers.Tokenizer) -> bool:
    """Whether the class of Qwen gives texts the same ids."""
    return _is_byte_level(inner) and not differing(inner, remade(inner, "Qwen2Tokenizer", {}))


def _ids(inner: tokenizers.Tokenizer, text: str) -> list[int] | None:
    try:
        return inner.encode(text).ids
    except Exception:  # the library has no more specific exception
        return None


def _is_byte_level(inner: tokenizers.Tokenizer) -> bool:
    return '"ByteLevel"' in json.dumps(json.loads(inner.to_str())["pre_tokenizer"])


def _added(number: str, token: Any) -> Content:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "special": False}
    given = {**flags, **(token if isinstance(token, dict) else {"content": token})}
    found = {"normalized": not given["special"], **given}
    return {"id": int(number), **{name: found[name] for name in ("content", *flags, "normalized")}}


def _set(content: Content, **parts: Any) -> None:
    """Sets parts of a file to those of the library; None removes one."""
    probe = tokenizers.Tokenizer(models.BPE())
    for name, part in parts.items():
        if part is not None:
            setattr(probe, name, part)
    made = json.loads(probe.to_str())
    content.update({name: made[name] for name in parts})


def _token(content: Content, options: Mapping[str, Any], name: str, usual: str) -> tuple[str, int]:
    """A special token by its name in the options, and its id.

    Raises:
        UserError: the vocabulary lacks it.
    """
    token = spelling(options.get(name)) or usual
    vocabulary = content["model"]["vocab"]
    known = dict(vocabulary) if isinstance(vocabulary, dict) else {piece: i for i, (piece, _) in enumerate(vocabulary)}
    known |= {one["content"]: one["id"] for one in content["added_tokens"]}
    if token not in known:
        raise UserError(f"tokenizer.json lacks {token!r}, the {name} of this tokenizer")
    return token, int(known[token])


def _as_bert(content: Content, options: Mapping[str, Any]) -> None:
    unknown = spelling(options.get("unk_token")) or "[UNK]"
    words = {"unk_token": unknown, "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    content["model"].update(words)
    begin = _token(content, options, "cls_token", "[CLS]")
    separator = _token(content, options, "sep_token", "[SEP]")
    _set(
        content,
        normalizer=normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=options.get("tokenize_chinese_chars", True),
            strip_accents=options.get("strip_accents"),
            lowercase=options.get("do_lower_case", True),
        ),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(prefix="##"),
        post_processor=processors.BertProcessing(separator, begin),
    )


def _as_gpt2(content: Content, options: Mapping[str, Any]) -> None:
    content["model"].update(BYTE_PAIRS)
    spaced = options.get("add_prefix_space") is True
    words = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    _set(content, normalizer=None, pre_tokenizer=words, decoder=decoders.ByteLevel())


def _as_gpt_neox(content: Content, options: Mapping[str, Any]) -> None:
    _as_gpt2(content, options)
    _set(content, normalizer=normalizers.NFC(), post_processor=None)


def _as_roberta(content: Content, options: Mapping[str, Any]) -> None:
    _as_gpt2(content, options)
    begin = _token(content, options, "cls_token", "<s>")
    separator = _token(content, options, "sep_token", "</s>")
    _set(content, post_processor=processors.RobertaProcessing(separator, begin))


def _as_qwen(content: Content, options: Mapping[str, Any]) -> None:
    content["model"].update(BYTE_PAIRS)
    spaced = options.get("add_prefix_space") is True
    words = pre_tokenizers.Split(Regex(WORDS), "isolated")
    bytes_of = pre_tokenizers.ByteLevel(add_prefix_space=spaced, use_regex=False)
    split = pre_tokenizers.Sequence([words, bytes_of])
    _set(content, normalizer=normalizers.NFC(), pre_tokenizer=split, decoder=decoders.ByteLevel())


def _as_llama(content: Content, options: Mapping[str, Any]) -> None:
    content["model"].update({**BYTE_PAIRS, "fuse_unk": True, "byte_fallback": True})
    spaced = options.get("add_prefix_space") is not False
    scheme = "never" if not spaced else "always" if options.get("legacy") else "first"
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    _set(
        content,
        normalizer=None,
        pre_tokenizer=pre_tokenizers.Metaspace("▁", prepend_scheme=scheme, split=False),
        decoder=decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if spaced else steps),
    )


def _as_gemma(content: Content, options: Mapping[str, Any]) -> None:
    unknown = spelling(options.get("unk_token")) or "<unk>"
    content["model"].update({**BYTE_PAIRS, "unk_token": unknown, "fuse_unk": True, "byte_fallback": True})
    _set(
        content,
        normalizer=normalizers.Replace(" ", "▁"),
        pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"),
        decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
    )


def _as_t5(content: Content, options: Mapping[str, Any]) -> None:
    tables = _tables(content)
    _as_pieces(content, unknown=2, words=True)
    content["normalizer"] = tables[0] if tables else None
    end = _token(content, options, "eos_token", "</s>")
    _frame(content, after=[end], between=[end])


def _as_mbart(content: Content, options: Mapping[str, Any]) -> None:
    _as_pieces(content, unknown=3, words=True)
    end, language = _token(content, options, "eos_token", "</s>"), _token(content, options, "src_lang", "en_XX")
    _frame(content, after=[end, language])


def _as_mbart50(content: Content, options: Mapping[str, Any]) -> None:
    tables = _tables(content)
    _as_pieces(content, unknown=3)
    _normalize(content, tables)
    end, language = _token(content, options, "eos_token", "</s>"), _token(content, options, "src_lang", "en_XX")
    _frame(content, before=[language], after=[end])


def _as_nllb(content: Content, options: Mapping[str, Any]) -> None:
    tables = _tables(content)
    unknown = spelling(options.get("unk_token")) or "<unk>"
    content["model"].update({**BYTE_PAIRS, "fuse_unk": True, "unk_token": unknown})
    _at_spaces(content, words=False)
    if tables:
        _normalize(content, tables)
    end, language = _token(content, options, "eos_token", "</s>"), _token(content, options, "src_lang", "eng_Latn")
    if options.get("legacy_behaviour"):
        _frame(content, after=[end, language])
    else:
        _frame(content, before=[language], after=[end])


def _tables(content: Content) -> list[Content]:
    """The first table of characters that SentencePiece replaces, if the file has one."""
    steps = content["normalizer"] or {}
    return [one for one in steps.get("normalizers", [steps]) if one.get("type") == "Precompiled"][:1]


def _normalize(content: Content, tables: Sequence[Content]) -> None:
    """Replaces characters by these tables, and several spaces by one."""
    _set(content, normalizer=normalizers.Sequence([normalizers.Replace(Regex(" {2,}"), " ")]))
    content["normalizer"]["normalizers"][:0] = tables


def _as_pieces(content: Content, *, unknown: int, words: bool = False) -> None:
    content["model"].update({"unk_id": unknown, "byte_fallback": False})
    _at_spaces(content, words=words)


def _at_spaces(content: Content, *, words: bool) -> None:
    """Pieces of SentencePiece, not normalised: each word starts with a space; `words`: other white space is one too."""
    spaces = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), spaces]) if words else spaces
    decoder = decoders.Metaspace("▁", prepend_scheme="always", split=True)
    _set(content, normalizer=None, pre_tokenizer=split, decoder=decoder)


def _frame(content: Content, *, before: Named = (), between: Named = (), after: Named = ()) -> None:
    """Sets the special tokens around a text, and around and between two."""
    first, middle, last = ([token for token, _ in tokens] for tokens in (before, between, after))
    _set(
        content,
        post_processor=processors.TemplateProcessing(
            single=[*first, "$A", *last],
            pair=[*first, "$A", *middle, "$B", *last],
            special_tokens=[*before, *after],
        ),
    )


_REMADE: dict[str, tuple[str, Callable[[Content, Mapping[str, Any]], None]]] = {
    **dict.fromkeys(("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"), ("WordPiece", _as_bert)),
    "GPT2Tokenizer": ("BPE", _as_gpt2),
    "GPTNeoXTokenizer": ("BPE", _as_gpt_neox),
    **dict.fromkeys(("RobertaTokenizer", "BartTokenizer"), ("BPE", _as_roberta)),
    "Qwen2Tokenizer": ("BPE", _as_qwen),
    "LlamaTokenizer": ("BPE", _as_llama),
    "GemmaTokenizer": ("BPE", _as_gemma),
    "T5Tokenizer": ("Unigram", _as_t5),
    "MBartTokenizer": ("Unigram", _as_mbart),
    "MBart50Tokenizer": ("Unigram", _as_mbart50),
    "NllbTokenizer": ("BPE", _as_nllb),
}
"""By class, the kind of model, and what it makes of a file."""
