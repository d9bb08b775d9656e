"""SentencePiece models (Kudo and Richardson 2018) as tokenizers of the `tokenizers` library, with identical tokens.

What the library cannot do identically is rejected.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers

from cutaway.errors import UserError
from cutaway.text.literal_tokens import QUOTE, keep_apart

SPACE = "▁"
UNIGRAM, BPE = 1, 2
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
LEADING = 1 << 16
"""More spaces than any text starts with."""

RULES = ("identity", "nmt", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf", "")
"""Normalizations by name; the last is the identity."""


def read_pieces(path: Path) -> Any:
    """Reads a SentencePiece model: its `ModelProto`.

    Raises:
        UserError: it is missing or damaged, or the `sentencepiece` package is missing.
    """
    try:
        schema = import_module("sentencepiece.sentencepiece_model_pb2")
        damaged = import_module("google.protobuf.message").DecodeError
    except ImportError as error:
        raise UserError(f"{path.name} needs sentencepiece and protobuf: pip install 'cutaway[hub]'") from error
    try:
        proto = schema.ModelProto.FromString(path.read_bytes())
    except (OSError, damaged) as error:
        raise UserError(f"{path} is not a SentencePiece model, or was cut short: {error}") from error
    _refuse_unlike(proto, path)
    return proto


def tokenizer_of_pieces(proto: Any) -> tokenizers.Tokenizer:
    """Converts a SentencePiece model, without special tokens around a text."""
    if proto.trainer_spec.model_type == UNIGRAM:
        inner = tokenizers.Tokenizer(_unigram(proto))
        dress(inner, proto, [piece.piece for piece in proto.pieces if piece.type not in (NORMAL, USER_DEFINED)])
    else:
        inner = tokenizers.Tokenizer(_byte_pairs(proto))
        dress(inner, proto, ())  # no merge produces special tokens
    inner.add_special_tokens([piece.piece for piece in proto.pieces if piece.type in (CONTROL, UNKNOWN)])
    return inner


def dress(inner: tokenizers.Tokenizer, proto: Any, no_text: Sequence[str]) -> None:
    """Adds a SentencePiece model's normalisation, splitting and decoding to a tokenizer.

    Args:
        inner: the tokenizer.
        proto: the model.
        no_text: pieces in the vocabulary that text must not become.
    """
    inner.normalizer = normalizers.Sequence(list(_normalizers(proto.normalizer_spec)))
    splits = [keep_apart(no_text)] if no_text else []
    if not any(re.search(f"[^{SPACE}]{SPACE}", piece.piece) for piece in proto.pieces):
        # No piece spans two words, so words can be split and cached, which is faster.
        splits.insert(0, pre_tokenizers.Split(Regex(f"{SPACE}+[^{SPACE}]*"), "isolated"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(splits)
    steps = [decoders.Replace(QUOTE, ""), decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    spec = proto.normalizer_spec
    if spec.add_dummy_prefix:
        steps.append(decoders.Strip(" ", LEADING if spec.remove_extra_whitespaces else 1, 0))
    inner.decoder = decoders.Sequence(steps)


def _refuse_unlike(proto: Any, path: Path) -> None:
    trainer, normalizer = proto.trainer_spec, proto.normalizer_spec
    kinds = {piece.type for piece in proto.pieces}
    unlike = {
        "a model of words or characters": trainer.model_type not in (UNIGRAM, BPE),
        "white space after words": trainer.treat_whitespace_as_suffix,
        "white space that is not a piece": not normalizer.escape_whitespaces,
        "unused pieces": UNUSED in kinds,
        "symbols of its own": any(
            piece.type == USER_DEFINED and (trainer.model_type == BPE or SPACE in piece.piece) for piece in proto.pieces
        ),
        "a normalization of its own": normalizer.name not in RULES,
        "no unknown piece": UNKNOWN not in kinds,
    }
    for what, is_there in unlike.items():
        if is_there:
            raise UserError(f"{path} has {what}, which cannot be kept: save it as tokenizer.json with transformers")


def _normalizers(spec: Any) -> Iterator[normalizers.Normalizer]:
    if spec.precompiled_charsmap:
        table = normalizers.Precompiled(spec.precompiled_charsmap)
        # It would match a letter with its combining marks and drop the marks: pass it one character at a time.
        yield normalizers.Replace(Regex(r"(?<=[\s\S])(?=[^\x00-\x7f])|(?<=[^\x00-\x7f]|\r)(?=[\s\S])"), QUOTE)
        yield table
        yield normalizers.Replace(QUOTE, "")
        if table.normalize_str("e\u0301") == "é":
            yield normalizers.NFC()
    if spec.remove_extra_whitespaces:
        yield normalizers.Replace(Regex(rf"\A +|[ {SPACE}]+\z"), "")
        yield normalizers.Replace(Regex(" {2,}"), " ")
    if spec.add_dummy_prefix:
        yield normalizers.Prepend(" ")
    yield normalizers.Replace(" ", SPACE)


def _unigram(proto: Any) -> models.Unigram:
    best = max((piece.score for piece in proto.pieces if piece.type == NORMAL), default=0.0)
    scores = [
        # User-defined pieces score higher than other pieces of the same length.
        len(piece.piece.encode()) * best - 0.1 if piece.type == USER_DEFINED else piece.score
        for piece in proto.pieces
    ]
    vocabulary = [(piece.piece, score) for piece, score in zip(proto.pieces, scores, strict=True)]
    unknown = [piece.type for piece in proto.pieces].index(UNKNOWN)
    return models.Unigram(vocabulary, unk_id=unknown, byte_fallback=proto.trainer_spec.byte_fallback)


def merges_of(proto: Any) -> list[tuple[str, str]]:
    """The merges of a BPE model: all pairs that form a piece, sorted by the score of the piece."""
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    return [
        (piece[:i], piece[i:])
        for piece in sorted(scores, key=lambda piece: -scores[piece])
        for i in range(1, len(piece))
        if piece[:i] in scores and piece[i:] in scores
    ]


def _byte_pairs(proto: Any) -> models.BPE:
    unknown = next(piece.piece for piece in proto.pieces if piece.type == UNKNOWN)
    vocabulary = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    return models.BPE(
        vocabulary,
        merges_of(proto),
        unk_token=unknown,
        fuse_unk=True,
        byte_fallback=proto.trainer_spec.byte_fallback,
    )
