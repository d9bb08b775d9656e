"""The tokenizer of a GGUF file."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import tokenizers
from tokenizers import AddedToken, decoders, models, normalizers

from cutaway.errors import UserError
from cutaway.hub.gguf.header import Header
from cutaway.hub.gguf.splits import WAYS, way_of
from cutaway.text.hf.pieces import BPE, BYTE, CONTROL, NORMAL, UNUSED, USER_DEFINED, tokenizer_of_pieces
from cutaway.text.hf.vocabularies import begin_and_end
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import before_prompt

PAIR = 2
SPECIALS = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
ENDS = ("eos", "eot", "eom")
"""Tokens that may end a text: that of the text, of a turn of a chat, of a message."""


def read_tokenizer(header: Header) -> Tokenizer:
    """Makes the tokenizer of a file.

    Raises:
        UserError: its kind is unknown, or its entries are inconsistent.
    """
    metadata = {name.removeprefix("tokenizer.ggml."): value for name, value in header.metadata.items()}
    kind, tokens = metadata.get("model"), metadata.get("tokens")
    if kind not in KINDS or not tokens:
        raise UserError(f"{header.path} has a tokenizer {kind!r}, and {' and '.join(KINDS)} are known")
    types = [int(one) for one in metadata.get("token_type", [NORMAL] * len(tokens))]
    if len(types) != len(tokens):
        raise UserError(f"{header.path} has {len(tokens)} tokens and the types of {len(types)}")
    try:
        inner, begins = KINDS[kind](metadata, tokens, types)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{header.path} has a tokenizer that cannot be made: {error}") from None
    control = [AddedToken(token, special=True, normalized=False) for token in _of(CONTROL, tokens, types)]
    inner.add_special_tokens(control)
    inner.add_tokens([AddedToken(token, normalized=False) for token in _of(USER_DEFINED, tokens, types)])
    named = _named_ids(metadata, tokens)
    begin_and_end(inner, {"add_bos_token": begins and "bos_token" in named, **named}, header.path)
    return Tokenizer.with_config(inner, named)


def guesses(header: Header) -> list[str]:
    """Notes on what a file does not say of its tokenizer."""
    says = header.metadata.get("tokenizer.ggml.pre", "default") != "default"
    if says or header.metadata.get("tokenizer.ggml.model") != "gpt2":
        return []
    return ["the file does not say how text is split before merges: it is split as in GPT-2"]


def _byte_pairs(metadata: Mapping[str, Any], tokens: Sequence[str], types: Sequence[int]) -> tuple[Any, bool]:
    """Byte-pair encoding over bytes."""
    name = metadata.get("pre", "default")
    if name not in WAYS:
        raise ValueError(f"its text is cut in the way of {name!r}, and those of {', '.join(WAYS)} are known")
    way = WAYS[name]
    merges = [tuple(merge.split(" ")) for merge in metadata.get("merges", ())]
    if any(len(pair) != PAIR for pair in merges):
        raise ValueError("one of its merges is not a pair")
    vocabulary = {token: i for i, token in enumerate(tokens)}
    try:
        inner = tokenizers.Tokenizer(models.BPE(vocabulary, merges, ignore_merges=way.whole))
    except Exception as error:  # the library raises nothing more precise
        raise ValueError(str(error).splitlines()[0]) from None
    inner.normalizer = normalizers.NFC() if way.composed else None
    inner.pre_tokenizer = way.cut()
    inner.decoder = decoders.ByteLevel()
    return inner, way.begins


def _pieces(metadata: Mapping[str, Any], tokens: Sequence[str], types: Sequence[int]) -> tuple[Any, bool]:
    """A SentencePiece model."""
    scores = metadata["scores"]
    pieces = [
        SimpleNamespace(piece=token, score=float(score), type=kind)
        for token, score, kind in zip(tokens, scores, types, strict=True)
    ]
    normalizer = SimpleNamespace(
        precompiled_charsmap=b"",
        remove_extra_whitespaces=metadata.get("remove_extra_whitespaces", False),
        add_dummy_prefix=metadata.get("add_space_prefix", True),
    )
    trainer = SimpleNamespace(model_type=BPE, byte_fallback=BYTE in types)
    model = SimpleNamespace(pieces=pieces, normalizer_spec=normalizer, trainer_spec=trainer)
    return tokenizer_of_pieces(model), True


def write_tokenizer(tokenizer: Tokenizer, vocabulary: int) -> dict[str, Any]:
    """The metadata that describe a tokenizer.

    Args:
        tokenizer: any of bytes whose pairs are joined.
        vocabulary: how many tokens the model knows; those that the tokenizer lacks are written as unused.

    Raises:
        UserError: it is of another kind, or cuts a text in a way that llama.cpp has no name for.
    """
    content, name = tokenizer.content, way_of(tokenizer.content)
    model = content["model"]
    if model["type"] != "BPE" or (content["decoder"] or {}).get("type") != "ByteLevel" or not model["merges"]:
        raise UserError("GGUF holds tokenizers that join pairs of bytes, and this is another: write a folder, --to hf")
    if name is None:
        raise UserError(f"GGUF holds tokenizers that cut a text as {', '.join(WAYS)} do, and this cuts it otherwise")
    kinds = dict.fromkeys(model["vocab"], NORMAL)
    ids = {number: token for token, number in model["vocab"].items()}
    for added in content["added_tokens"]:
        ids[added["id"]] = added["content"]
        kinds[added["content"]] = CONTROL if added["special"] else USER_DEFINED
    tokens = [ids.get(number, f"[PAD{number}]") for number in range(vocabulary)]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": name,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [kinds.get(token, UNUSED) for token in tokens],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in model["merges"]],
        **_roles(tokenizer),
    }


def _roles(tokenizer: Tokenizer) -> dict[str, Any]:
    """What special tokens are for, and what stands around a text."""
    before, after = before_prompt(tokenizer), () if tokenizer.frame is None else tokenizer.frame.after
    ids = {"bos": tokenizer.begin, "eos": tokenizer.end, "padding": tokenizer.pad}
    ids |= zip(ENDS[1:], sorted(tokenizer.ends - {tokenizer.end}), strict=False)
    if before not in ((), (tokenizer.begin,)) or after not in ((), (tokenizer.end,)) or len(tokenizer.ends) > len(ENDS):
        raise UserError(
            "GGUF stores at most one begin token before a text and one end token after it; this tokenizer has others"
        )
    metadata: dict[str, Any] = {
        f"tokenizer.ggml.{role}_token_id": number for role, number in ids.items() if number is not None
    }
    metadata["tokenizer.ggml.add_bos_token"] = bool(before)
    metadata["tokenizer.ggml.add_eos_token"] = bool(after)
    if tokenizer.chat_template is not None:
        metadata["tokenizer.chat_template"] = tokenizer.chat_template
    return metadata


KINDS = {"gpt2": _byte_pairs, "llama": _pieces}


def _of(kind: int, tokens: Sequence[str], types: Sequence[int]) -> list[str]:
    return [token for token, one in zip(tokens, types, strict=True) if one == kind]


def _named_ids(metadata: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    """What `tokenizer_config.json` would say; ids that no token has are passed over."""
    ids = {name: metadata.get(f"{name}_token_id", -1) for name in {*SPECIALS.values(), *ENDS}}
    ids = {name: number for name, number in ids.items() if 0 <= number < len(tokens)}
    named: dict[str, Any] = {name: tokens[ids[theirs]] for name, theirs in SPECIALS.items() if theirs in ids}
    ends = [ids[name] for name in ENDS if name in ids]
    if ends:
        named["eos_token_id"] = ends
    named |= {name: metadata[name] for name in ("add_bos_token", "add_eos_token") if name in metadata}
    template = metadata.get("tokenizer.chat_template")
    return named if template is None else named | {"chat_template": template}
