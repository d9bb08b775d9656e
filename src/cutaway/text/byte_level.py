"""Bytes as printable characters, as in the vocabularies of byte-level tokenizers, and byte-pair encoding over them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from tokenizers import Tokenizer as Inner
from tokenizers import decoders, models, pre_tokenizers

from cutaway.errors import UserError

PRINTABLE = (*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1))
OTHERS = tuple(byte for byte in range(256) if byte not in PRINTABLE)

# GPT-2's alphabet: printable bytes represent themselves, the others are code points from 256 on.
CHARACTERS = {byte: chr(byte) for byte in PRINTABLE} | {byte: chr(256 + i) for i, byte in enumerate(OTHERS)}
BYTES = {character: byte for byte, character in CHARACTERS.items()}

Piece: TypeAlias = str | bytes
"""A token as bytes, or as these characters."""


def characters_of(piece: Piece) -> str:
    """The token in these characters."""
    return piece if isinstance(piece, str) else "".join(CHARACTERS[byte] for byte in piece)


def byte_pairs(
    vocabulary: Mapping[Piece, int] | Mapping[str, int] | Mapping[bytes, int] | Sequence[Piece],
    merges: Iterable[str | tuple[Piece, Piece]],
    specials: Sequence[str],
) -> Inner:
    """Byte-pair encoding over bytes, in words as split by GPT-2, from its vocabulary and its merges.

    Raises:
        UserError: two tokens have one id or one spelling, or a merge has parts that are not in the vocabulary.
    """
    listed = vocabulary if isinstance(vocabulary, Mapping) else {piece: i for i, piece in enumerate(vocabulary)}
    numbered = [(characters_of(piece), number) for piece, number in listed.items()]
    ids = dict(numbered)
    if len(ids) < len(vocabulary) or len(set(ids.values())) < len(ids):
        raise UserError("the vocabulary has two tokens with the same id, or with the same spelling: remove one")
    for special in specials:
        known = ids.pop(characters_of(special.encode()), ids.get(special))
        ids[special] = max(ids.values(), default=-1) + 1 if known is None else known
    pairs = [_pair(merge) for merge in merges if not _is_header(merge)]
    try:
        inner = Inner(models.BPE(ids, pairs))
    except Exception as error:  # the library has no more specific exception
        raise UserError(f"the merges do not belong to the vocabulary: {error}") from error
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    inner.decoder = decoders.ByteLevel()
    return inner


def _pair(merge: str | tuple[Piece, Piece]) -> tuple[str, str]:
    """Both parts of a merge, which may be a line of `merges.txt`.

    Raises:
        UserError: there are not two parts.
    """
    parts = merge.split() if isinstance(merge, str) else merge
    if len(parts) != 2:
        raise UserError(f"{merge!r} is not a merge: expected two tokens, as a pair or separated by a space")
    return characters_of(parts[0]), characters_of(parts[1])


def _is_header(merge: str | tuple[Piece, Piece]) -> bool:
    """Whether it is the first line of `merges.txt`, or an empty one."""
    return isinstance(merge, str) and (merge.startswith("#version") or not merge.strip())
