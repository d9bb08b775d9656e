"""The tokenizer of proteins: its tokens are known before any text is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import FileTokenizer, ProteinTokenizer
from cutaway.errors import UserError
from cutaway.text.amino_acids import AMINO_ACIDS, OTHERS, STANDARD
from cutaway.text.special import END_OF_TEXT, UNDERSTANDING, WRITING
from cutaway.text.training import train_tokenizer

SPECIALS = {"none": (), "reading": UNDERSTANDING, "writing": WRITING}
TOKENIZERS = {
    name: train_tokenizer(ProteinTokenizer(), ["unread"], alphabet="unread", specials=specials)
    for name, specials in SPECIALS.items()
}
EVERY = pytest.mark.parametrize("name", list(SPECIALS))


def test_the_alphabet_holds_all_letters_of_amino_acids_once() -> None:
    assert len(STANDARD) == 20
    assert sorted(AMINO_ACIDS) == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    assert (sorted(STANDARD), sorted(OTHERS)) == ([*STANDARD], [*OTHERS])


@EVERY
@given(residues=st.text(AMINO_ACIDS, max_size=50))
def test_every_residue_is_a_token_behind_the_special_ones(name: str, residues: str) -> None:
    tokenizer, first = TOKENIZERS[name], len(SPECIALS[name])
    ids = tokenizer.encode(residues)
    assert ids == [first + (STANDARD + OTHERS).index(letter) for letter in residues]
    assert tokenizer.decode(ids) == residues
    assert tokenizer.count_unknown(ids) == 0
    assert tokenizer.ordinary == range(first, first + 26)
    assert tokenizer.vocabulary == first + 26


@EVERY
@pytest.mark.parametrize("letter", ["a", "*", "-", " ", "\n", "1", "é", "[UNK]", "<unk>", "[MASK]"])
def test_a_letter_that_is_no_amino_acid_is_refused_in_one_line(name: str, letter: str) -> None:
    with pytest.raises(UserError, match="the tokenizer lacks") as caught:
        TOKENIZERS[name].encode(f"MK{letter}V")
    assert repr(letter[0]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_masks_are_recognized_when_asked_for() -> None:
    tokenizer = TOKENIZERS["reading"]
    assert tokenizer.encode("MK[MASK]V", special=True) == [
        *tokenizer.encode("MK"),
        tokenizer.mask,
        *tokenizer.encode("V"),
    ]
    assert tokenizer.mask == 4


def test_several_proteins_are_parted_by_an_end() -> None:
    tokenizer = train_tokenizer(ProteinTokenizer(), [], with_end=True, specials=WRITING)
    assert tokenizer.end == tokenizer.vocabulary - 1 == len(WRITING) + 26
    assert tokenizer.pieces([tokenizer.end]) == [END_OF_TEXT]


@EVERY
def test_a_file_keeps_it(name: str, tmp_path: Path) -> None:
    TOKENIZERS[name].save(tmp_path / "tokenizer.json")
    loaded = train_tokenizer(FileTokenizer(path=str(tmp_path / "tokenizer.json")), [])
    assert loaded.sha256 == TOKENIZERS[name].sha256
    assert loaded.encode("MKV") == TOKENIZERS[name].encode("MKV")
    with pytest.raises(UserError, match="the tokenizer lacks"):
        loaded.encode("m")
