"""SentencePiece models by family: the ids of the pieces, and the special tokens around a text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, models
from tokenizers.processors import TemplateProcessing

from cutaway.errors import UserError
from cutaway.text.hf.pieces import NORMAL, UNIGRAM, dress, read_pieces, tokenizer_of_pieces
from cutaway.text.hf.vocabularies import begin_and_end, required
from cutaway.text.literal_tokens import QUOTE
from cutaway.text.tokenizer_files import read_config

T5 = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
LLAMA = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
MARIAN = T5
SENTINELS = 100
UNKNOWN_PENALTY = 10.0
"""How much lower an unknown character scores in SentencePiece than any piece."""


def read_t5(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """`spiece.model`; its pieces are followed by sentinel tokens (Raffel et al. 2020, section 3.1.4).

    Raises:
        UserError: the file is damaged, or cannot be converted exactly.
    """
    path = folder / "spiece.model"
    inner = tokenizer_of_pieces(read_pieces(path))
    inner.add_special_tokens([f"<extra_id_{i}>" for i in reversed(range(int(options.get("extra_ids", SENTINELS))))])
    end = required(inner.token_to_id, options, "eos_token", path)
    inner.post_processor = TemplateProcessing(
        single=["$A", end[0]], pair=["$A", end[0], "$B", end[0]], special_tokens=[end]
    )
    return inner


def read_llama(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """`tokenizer.model`; a text starts with the begin token (Touvron et al. 2023).

    Raises:
        UserError: the file is damaged, or cannot be converted exactly.
    """
    inner = tokenizer_of_pieces(read_pieces(folder / "tokenizer.model"))
    begin_and_end(inner, {"add_bos_token": True, **options}, folder / "tokenizer.model")
    return inner


def read_marian_target(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """Marian's target tokenizer (see `read_marian`): `target.spm`, with `target_vocab.json` if ids are not shared."""
    return read_marian(folder, options, "target.spm", "target_vocab.json" if _is_separate(options) else "vocab.json")


def read_marian_source(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """Marian's source tokenizer (see `read_marian`): `source.spm` and `vocab.json`."""
    return read_marian(folder, options, "source.spm", "vocab.json")


def read_marian(folder: Path, options: Mapping[str, Any], pieces: str, vocabulary: str) -> tokenizers.Tokenizer:
    """A SentencePiece model whose pieces get their ids from a list (Junczys-Dowmunt et al. 2018).

    The list contains the pieces of both sides. All can be decoded, but a text becomes those of the other side only for
    characters that this side does not have. A piece that is not in the list is not used; Marian would read it as
    unknown.

    Raises:
        UserError: a file is missing or damaged, or the list does not have consecutive ids from 0.
    """
    proto, ids = read_pieces(folder / pieces), read_config(folder / vocabulary)
    if proto.trainer_spec.model_type != UNIGRAM or set(ids.values()) != set(range(len(ids))):
        raise UserError(f"{folder / vocabulary} and {pieces} are not a unigram model with ids from 0 on")
    listed = sorted(ids, key=lambda piece: ids[piece])
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    unknown = min(scores.values(), default=0.0) - UNKNOWN_PENALTY
    scores |= {piece: unknown for piece in listed if len(piece) == 1 and piece not in scores}
    codes = [piece for piece in listed if piece.startswith(">>") and piece.endswith("<<")]
    specials = [required(ids.get, options, name, folder / vocabulary)[0] for name in MARIAN]
    kept = {*scores, *codes, *specials}
    model = models.Unigram(
        [(piece if piece in kept else QUOTE + piece, scores.get(piece, 0.0)) for piece in listed],
        unk_id=ids[specials[1]],
        byte_fallback=False,
    )
    inner = tokenizers.Tokenizer(model)
    dress(inner, proto, [*specials, *codes])
    inner.add_special_tokens(specials)
    inner.add_tokens([AddedToken(code, normalized=False) for code in codes])
    end = specials[0]
    inner.post_processor = TemplateProcessing(
        single=["$A", end], pair=["$A", "$B", end], special_tokens=[(end, ids[end])]
    )
    return inner


def _is_separate(options: Mapping[str, Any]) -> bool:
    return options.get("separate_vocabs") is True
