"""A tokenizer from a vocabulary and merges, or trained in one call, and what one asks of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import BPETokenizer
from cutaway.errors import UserError
from cutaway.text.byte_level import BYTES, CHARACTERS
from cutaway.text.tokenizer import END_OF_TEXT, Tokenizer
from cutaway.text.training import train_tokenizer
from support import require_module

PROSE = "the cat sat on the mat; the dog isn't on it.\n\nWhat's 12 + 30? É là-bas\n" * 9
TRAINED = Tokenizer.train(PROSE, 290, ["<|endoftext|>", "<|my turn|>"])
MODEL = TRAINED.content["model"]
PLAIN = {piece: number for piece, number in MODEL["vocab"].items() if not piece.startswith("<|")}
LINES = ["#version: 0.2", *(f"{left} {right}" for left, right in MODEL["merges"]), ""]


def plain(piece: str) -> bytes:
    return bytes(BYTES[character] for character in piece)


def whole(pieces: dict[str, int]) -> dict[str, int]:
    """The same tokens with ids from zero."""
    return {piece: i for i, (piece, _) in enumerate(sorted(pieces.items(), key=lambda pair: pair[1]))}


FORMS: dict[str, Any] = {
    "characters for bytes": (whole(PLAIN), MODEL["merges"]),
    "bytes": (
        {plain(piece): number for piece, number in whole(PLAIN).items()},
        [(plain(left), plain(right)) for left, right in MODEL["merges"]],
    ),
    "a list": (list(whole(PLAIN)), LINES),
    "a list of bytes": ([plain(piece) for piece in whole(PLAIN)], LINES),
}


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(max_size=20) | st.sampled_from([PROSE, END_OF_TEXT, "the catté\r\n", "\x85 漢"]))
def test_every_form_of_a_vocabulary_is_the_same_tokenizer(form: str, text: str) -> None:
    tokenizer = Tokenizer.from_vocabulary(*FORMS[form], TRAINED._special)
    assert len(tokenizer) == len(TRAINED)
    ids = tokenizer.encode(text)
    assert tokenizer.pieces(ids) == TRAINED.pieces(TRAINED.encode(text))
    assert tokenizer.decode(ids) == text


def test_it_is_that_of_the_library_for_the_same_files(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    vocabulary = whole(PLAIN) | {END_OF_TEXT: len(PLAIN)}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(LINES), encoding="utf-8")
    theirs = transformers.GPT2Tokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    ours = Tokenizer.from_vocabulary(vocabulary, LINES, [END_OF_TEXT])
    text = PROSE + END_OF_TEXT + " it's\t 漢"
    assert ours.encode(text, special=True) == theirs(text)["input_ids"]
    assert ours.end in ours.encode(text, special=True)


def test_special_tokens_keep_their_ids_or_get_the_next() -> None:
    pieces = whole(PLAIN)
    turn = "".join(CHARACTERS[byte] for byte in b"<|my turn|>")
    known = Tokenizer.from_vocabulary({turn: 300, **pieces}, LINES, ["<|my turn|>", END_OF_TEXT])
    assert (known.token_to_id("<|my turn|>"), known.end, len(known)) == (300, 301, 302)
    assert known.encode("a<|my turn|>b", special=True) == [*known.encode("a"), 300, *known.encode("b")]
    assert 300 not in known.encode("a<|my turn|>b")
    assert known.decode([300, 301], skip_special_tokens=False) == "<|my turn|><|endoftext|>"


def test_what_does_not_belong_together_is_refused() -> None:
    pieces = list(whole(PLAIN))
    with pytest.raises(UserError, match="two tokens with the same id"):
        Tokenizer.from_vocabulary({"a": 0, "b": 0}, [])
    with pytest.raises(UserError, match="or with the same spelling"):
        Tokenizer.from_vocabulary({"a": 0, b"a": 1}, [])
    with pytest.raises(UserError, match="or with the same spelling"):
        Tokenizer.from_vocabulary([*pieces, "a"], [])
    with pytest.raises(UserError, match="the merges do not belong to the vocabulary"):
        Tokenizer.from_vocabulary(pieces, ["zz zz"])
    with pytest.raises(UserError, match="'a b c' is not a merge"):
        Tokenizer.from_vocabulary(pieces, ["a b c"])


def test_training_in_one_call_is_training_from_a_configuration() -> None:
    text = [PROSE, "the end of the mat"]
    made = train_tokenizer(BPETokenizer(vocabulary=280), text, specials=[END_OF_TEXT])
    assert Tokenizer.train(text, 280).content == made.content
    assert Tokenizer.train(PROSE, 280).content == Tokenizer.train([PROSE], 280).content
    assert Tokenizer.train(PROSE, 280, ()).end is None
    with pytest.raises(UserError, match="cannot hold all bytes"):
        Tokenizer.train(PROSE, 256)


def test_len_repr_and_ids() -> None:
    assert len(TRAINED) == TRAINED.vocabulary == 290
    assert repr(TRAINED) == "Tokenizer(BPE, 290 tokens, special: <|endoftext|>, <|my turn|>)"
    many = Tokenizer.train(PROSE, 290, [f"<{i}>" for i in range(30)])
    assert repr(many).endswith("special: <0>, <1>, <2>, <3>, <4>, <5>, <6>, <7>, …)")
    assert repr(Tokenizer.train(PROSE, 280, ())) == "Tokenizer(BPE, 280 tokens, special: none)"
    for number in range(len(TRAINED)):
        assert TRAINED.token_to_id(str(TRAINED.id_to_token(number))) == number
    assert TRAINED.token_to_id("Ġthe") == TRAINED.token_to_id(b" the") == TRAINED.encode(" the")[0]
    assert TRAINED.token_to_id(b"\xff") == TRAINED.token_to_id("ÿ") is not None
    assert TRAINED.token_to_id("no such token") is None
    assert TRAINED.id_to_token(290) is None


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("specials", [[END_OF_TEXT], [END_OF_TEXT, "<|my turn|>"]], ids=["short", "with a space"])
def test_the_parts_of_a_text_have_the_tokens_of_the_whole(special: bool, specials: list[str]) -> None:
    tokenizer = Tokenizer.train(PROSE, 290, specials)
    lines = [f"line {i}: <|my turn|>it's é {END_OF_TEXT}\n" for i in range(3000)]
    text = "".join(lines)
    expected = [token for line in lines for token in tokenizer.encode(line, special=special)]
    assert (tokenizer.end in expected) == special
    for parts in (lines, [text], [text[i : i + 7] for i in range(0, len(text), 7)]):
        assert list(tokenizer.encode_iterable(parts, special=special)) == expected
    assert tokenizer.encode(text, special=special) == expected


def test_the_parts_are_read_when_they_are_needed() -> None:
    read = 0

    def lines() -> Any:
        nonlocal read
        for i in range(20_000):
            read += 1
            yield f"the cat sat on the mat, number {i}\n"

    tokens = TRAINED.encode_iterable(lines())
    next(tokens)
    assert 0 < read < 10_000
    assert sum(1 for _ in tokens) > 20_000
    assert read == 20_000
