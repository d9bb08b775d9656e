"""SentencePiece models become tokenizers that give its own ids and texts."""

import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.text.hf.pieces import read_pieces, tokenizer_of_pieces
from cutaway.text.tokenizer import Tokenizer
from support import require_module
from text.folders import BYTE_FALLBACK, UNIGRAM, sentencepiece

MODELS: dict[str, dict[str, Any]] = {
    "unigram": UNIGRAM,
    "bpe with bytes": BYTE_FALLBACK,
    "bpe": UNIGRAM | {"model_type": "bpe", "vocab_size": 120},
    "unigram with bytes": UNIGRAM | {"byte_fallback": True, "vocab_size": 420, "normalization_rule_name": "nfkc"},
    "no space in front": UNIGRAM | {"add_dummy_prefix": False, "normalization_rule_name": "nmt_nfkc_cf"},
    "pieces across words": UNIGRAM | {"split_by_whitespace": False, "vocab_size": 230},
    "symbols": UNIGRAM | {"user_defined_symbols": "<sep>,lo", "remove_extra_whitespaces": False},
}
POOLS = [
    *("thou art the lowest ", "all LOW er goest", "<s></s><unk><sep><pad><0x41><0x0A>", " \t\n\r\u00a0\u3000\u200b▁"),
    *("ﬁ½①ＡＢ㍿ﷺ︙ｶﾞﾊﾟÅΩK", "e\u0301A\u0308か\u3099éß", "👩\u200d👧🏽🇩🇪", "áéíñÇΣς", "\x00\x01\x7f\x85\ufffd\ue000"),
    *("กำเก์हिन्दी", "漢字한국어 각ᄀ"),
]


def texts(seed: int, count: int) -> Iterator[str]:
    rng = random.Random(seed)
    while count:
        pool = "".join(rng.sample(POOLS, rng.randint(1, 4)))
        text = "".join(rng.choice(pool) for _ in range(rng.randint(0, 15)))
        if not any(_is_mark(before) and _is_mark(mark) for before, mark in zip("A" + text, text, strict=False)):
            count -= 1
            yield text


def _is_mark(character: str) -> bool:
    """Of a letter with several marks, or a mark behind what vanishes, Unicode's own composition is taken."""
    folded = unicodedata.normalize("NFKD", character)
    return unicodedata.category(folded[-1]) in ("Mn", "Mc", "Me", "Cc", "Cf") or "é" in character


def ours_and_theirs(name: str, folder: Path) -> tuple[Tokenizer, Any]:
    model = sentencepiece(**MODELS[name])
    (folder / "spiece.model").write_bytes(model)
    processor = require_module("sentencepiece").SentencePieceProcessor(model_proto=model)
    return Tokenizer(tokenizer_of_pieces(read_pieces(folder / "spiece.model"))), processor


@pytest.mark.parametrize("name", list(MODELS))
def test_ids_and_texts_are_those_of_the_library(name: str, tmp_path: Path) -> None:
    ours, theirs = ours_and_theirs(name, tmp_path)
    assert ours.vocabulary == theirs.get_piece_size()
    unlike = {}
    for text in texts(7, 1500):
        expected = theirs.encode(text)
        found = ours._inner.encode(text, add_special_tokens=False).ids
        if found != expected:
            unlike[text] = (found, expected)
        if ours.unknown not in expected:
            assert ours.decode(expected) == theirs.decode(expected), ascii(text)
    assert len(unlike) <= 1, unlike


@pytest.mark.parametrize("name", list(MODELS))
def test_what_is_spelt_like_no_text_is_text(name: str, tmp_path: Path) -> None:
    ours, theirs = ours_and_theirs(name, tmp_path)
    for text in ["</s>", "a</s> low<unk><pad>", "<0x41>low <0x0A>", "<s>"]:
        assert ours.encode(text) == theirs.encode(text)
        assert not {token for token in ours.encode(text) if ours.is_special(token)} - {ours.unknown}


def test_pieces_show_their_spaces_and_bytes(tmp_path: Path) -> None:
    ours, _ = ours_and_theirs("bpe with bytes", tmp_path)
    assert "".join(ours.pieces(ours.encode("thou art"))) == " thou art"
    assert ours.pieces(ours.encode("§"))[-2:] == [r"\xc2", r"\xa7"]


def test_text_behind_text_keeps_the_space_between(tmp_path: Path) -> None:
    ours, _ = ours_and_theirs("unigram", tmp_path)
    whole, first = ours.encode("thou art here"), ours.encode("thou art")
    assert whole[: len(first)] == first
    assert ours.decode(whole[len(first) :]) == "here"
    assert ours.decode_behind(first, whole[len(first) :]) == " here"
    assert ours.decode_behind([], first) == "thou art"


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        ({"model_type": "char"}, "has a model of words or characters"),
        ({"treat_whitespace_as_suffix": True}, "has white space after words"),
        ({"model_type": "bpe", "vocab_size": 120, "user_defined_symbols": "<sep>"}, "has symbols of its own"),
    ],
    ids=["characters", "suffixes", "symbols"],
)
def test_what_cannot_be_kept_is_refused_by_name(choices: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(sentencepiece(**UNIGRAM | choices))
    with pytest.raises(UserError, match=rf"spiece\.model {complaint}, which cannot be kept: save it as tokenizer"):
        read_pieces(tmp_path / "spiece.model")


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 99, b"cut"])
def test_what_is_no_model_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "spiece.model"
    if content is not None:
        path.write_bytes(sentencepiece(**UNIGRAM)[:-99] if content == b"cut" else content)
    with pytest.raises(UserError, match=r"spiece\.model (is not a SentencePiece model|has no unknown piece)") as caught:
        read_pieces(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["bpe with bytes", "unigram"])
def test_a_long_text_is_one_text(name: str, tmp_path: Path) -> None:
    ours, theirs = ours_and_theirs(name, tmp_path)
    text = "".join(f"thou art {i}  here\n" for i in range(4000))
    assert ours.encode(text) == ours.encode_with_offsets(text)[0] == theirs.encode(text)
