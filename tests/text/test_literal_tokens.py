"""No text becomes a special token by chance, whatever the tokenizer, and quoted text never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Inner

from cutaway.errors import UserError
from cutaway.text.tokenizer import Tokenizer

END, BEGIN, UNKNOWN = "<|end|>", "</s>", "<unk>"


def unigram() -> Inner:
    """One whose special tokens are its likeliest pieces, as those of T5 are."""
    letters = [(letter, -3.0) for letter in "abdens<|>/▁"]
    return Inner(models.Unigram([(UNKNOWN, 0.0), (BEGIN, 0.0), (END, 0.0), *letters], unk_id=0))


def words() -> Inner:
    inner = Inner(models.WordLevel({UNKNOWN: 0, BEGIN: 1, END: 2, "a": 3, "<": 4}, unk_token=UNKNOWN))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return inner


def merges() -> Inner:
    pieces = [UNKNOWN, BEGIN, END, *"abdens<|>/", "</", "s>"]
    joined = [("<", "/"), ("s", ">"), ("</", "s>")]
    inner = Inner(models.BPE({piece: i for i, piece in enumerate(pieces)}, joined, unk_token=UNKNOWN))
    inner.decoder = decoders.Fuse()
    return inner


KINDS = {"unigram": unigram, "words": words, "merges": merges}
TEXTS = st.lists(st.sampled_from([END, BEGIN, "<|", "end|>", "</", "s>", "a", " ", "<", "bend"])).map("".join)


def tokenizer(kind: str, *, normalized: bool = False) -> Tokenizer:
    inner = KINDS[kind]()
    inner.normalizer = normalizers.Replace("◊", "")
    tokens = [AddedToken(token, special=True, normalized=normalized) for token in (UNKNOWN, BEGIN, END)]
    inner.add_special_tokens(tokens)
    return Tokenizer(inner)


@pytest.mark.parametrize("kind", list(KINDS))
@given(text=TEXTS)
def test_text_never_becomes_one(kind: str, text: str) -> None:
    assert {1, 2}.isdisjoint(tokenizer(kind).encode(text))


@pytest.mark.parametrize("normalized", [False, True], ids=["as written", "normalized"])
@pytest.mark.parametrize("kind", list(KINDS))
@given(text=TEXTS)
def test_quoted_text_is_the_same_text(kind: str, normalized: bool, text: str) -> None:
    ours = tokenizer(kind, normalized=normalized)
    assert ours.encode(ours.quote(text), special=True) == ours.encode(text)
    quoted = ours.encode(f"{BEGIN}{ours.quote(text)}{END}", special=True)
    assert (quoted[0], quoted[-1], quoted.count(1), quoted.count(2)) == (1, 2, 1, 1)


@pytest.mark.parametrize("kind", list(KINDS))
def test_they_are_found_where_they_are_meant(kind: str) -> None:
    assert tokenizer(kind).encode(f"{BEGIN}a{END}", special=True) == [1, tokenizer(kind).encode("a")[-1], 2]


def test_what_vanishes_makes_no_special_token_of_quoted_text() -> None:
    ours = tokenizer("merges", normalized=True)
    assert 1 not in ours.encode(ours.quote("<◊/s>"), special=True)


def test_the_mark_itself_is_no_text() -> None:
    with pytest.raises(UserError, match="contains U\\+10FFFF, which is not a character"):
        tokenizer("words").quote("a\U0010ffffb")
