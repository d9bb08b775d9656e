from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import BPETokenizer
from cutaway.text.chunks import in_groups, rechunk
from cutaway.text.training import train_tokenizer

SIZES = st.integers(1, 20)
TEXTS = st.lists(st.text(st.sampled_from("ab \n\té漢"), max_size=30), max_size=8)
WORDS = st.sampled_from(["low", "isn't", "12", "漢字", "?!"])
GAPS = st.sampled_from([" ", "\n", "\n\n", "  ", " \n \n", "\n\t", " \x85", "\n\u2003"])
BPE = train_tokenizer(BPETokenizer(vocabulary=320), ["low isn't 12 漢字 ?!\n\n \n \n\n  \n low\n\n\n"] * 9)


@given(TEXTS, SIZES)
def test_chunks_are_the_text_and_none_is_too_long(pieces: list[str], size: int) -> None:
    chunks = list(rechunk(pieces, size))
    assert "".join(chunks) == "".join(pieces)
    assert all(0 < len(chunk) <= size for chunk in chunks)


@given(TEXTS, SIZES)
def test_where_chunks_end_does_not_depend_on_the_pieces(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    assert list(rechunk(pieces, size)) == list(rechunk([text], size)) == list(rechunk(text, size))


@given(st.lists(st.tuples(WORDS, GAPS)))
def test_chunks_give_the_tokens_of_the_whole(words: list[tuple[str, str]]) -> None:
    text = "".join(word + gap for word, gap in words)
    assert [token for chunk in rechunk([text], 24) for token in BPE.encode(chunk)] == BPE.encode(text)


@given(st.lists(st.text(max_size=7)), st.integers(1, 15))
def test_groups_are_the_items_and_just_full(items: list[str], characters: int) -> None:
    groups = list(in_groups(items, characters, len))
    assert [item for group in groups for item in group] == items
    assert all(sum(map(len, group)) >= characters for group in groups[:-1])
    assert all(sum(map(len, group[:-1])) < characters for group in groups)
