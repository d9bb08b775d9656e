from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.text.split import in_parts, training_characters

DOCUMENTS = st.lists(st.lists(st.text(max_size=9), max_size=4), max_size=5)


@given(DOCUMENTS, st.integers(0, 60))
def test_the_first_characters_are_for_training(documents: list[list[str]], cut: int) -> None:
    whole = "".join("".join(document) for document in documents)
    chunks = list(in_parts(documents, cut))
    assert "".join(chunk.text for chunk in chunks if chunk.part == "training") == whole[:cut]
    assert "".join(chunk.text for chunk in chunks if chunk.part == "validation") == whole[cut:]
    assert [chunk.part for chunk in chunks] == sorted(chunk.part for chunk in chunks)


@given(DOCUMENTS, st.integers(0, 60))
def test_each_document_that_is_not_empty_ends_once(documents: list[list[str]], cut: int) -> None:
    ended = "".join(chunk.text + "\0" * chunk.ends_document for chunk in in_parts(documents, cut))
    expected = ["".join(document) for document in documents]
    if not any("\0" in document for document in expected):
        assert ended == "".join(document + "\0" for document in expected if document)
    assert sum(chunk.ends_document for chunk in in_parts(documents, cut)) == sum(map(bool, expected))


def test_documents_longer_than_a_chunk_stay_whole() -> None:
    document = "word " * 10_000
    chunks = list(in_parts([[document], [document]], 60_000))
    assert len(chunks) > 4
    assert "".join(chunk.text for chunk in chunks) == document * 2
    assert [sum(len(c.text) for c in chunks[: i + 1]) for i, c in enumerate(chunks) if c.ends_document] == [
        50_000,
        100_000,
    ]


def test_the_cut_is_that_of_nano_gpt() -> None:
    assert training_characters(1_115_394, 0.1) == int(1_115_394 * 0.9) == 1_003_854
    assert training_characters(7, 0.0) == 7
    assert training_characters(7, 0.5) == 3
