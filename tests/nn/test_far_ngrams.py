"""N-grams have the rows of an independent hash, text by text, at vocabularies far from those of training."""

import numpy as np
import pytest
import torch

from cutaway.nn.ngrams import NGram, NGrams, trailing
from nn import papers
from nn.papers import exact
from nn.test_far_layers import randomised


def ngrams_of(vocabulary: int, rows: dict[int, int], width: int, projected: int | None = None) -> NGrams:
    made = NGrams([NGram(length, vocabulary, most, width, projected) for length, most in rows.items()])
    return randomised(made)


@pytest.mark.parametrize("projected", [None, 19])
def test_ngrams_of_packed_and_padded_texts(projected: int | None) -> None:
    vocabulary, width = 50_021, 7
    ngrams = ngrams_of(vocabulary, {3: 4001, 2: 6007, 8: 31}, width, projected)
    texts = [torch.randint(vocabulary, (length,)).tolist() for length in (9, 1, 2, 14)]
    tables = {
        int(name): exact(table.table.weight)
        @ (np.eye(width) if projected is None else exact(table.projection.weight).T)
        for name, table in ngrams.named_children()
    }
    expected = papers.ngrams(texts, tables, vocabulary, projected or width)

    packed = torch.tensor([[token for text in texts for token in text]])
    positions = torch.tensor([[place for text in texts for place in range(len(text))]])
    np.testing.assert_allclose(exact(ngrams(packed, positions)[0]), np.concatenate(expected), atol=1e-12)

    longest = max(map(len, texts))
    padded = torch.tensor([[3] * (longest - len(text)) + text for text in texts])
    places = torch.tensor([[0] * (longest - len(text)) + list(range(len(text))) for text in texts])
    for row, text in enumerate(texts):
        found = exact(ngrams(padded, places)[row, longest - len(text) :])
        np.testing.assert_allclose(found, expected[row], atol=1e-12)


def test_ngrams_of_a_small_vocabulary_have_a_row_each() -> None:
    ngrams = ngrams_of(11, {2: 500, 3: 1331, 4: 1332}, 5)
    assert [table.table.num_embeddings for table in ngrams.children()] == [121, 1331, 1332]
    text = torch.randint(11, (40,)).tolist()
    tables = {int(name): exact(table.table.weight) for name, table in ngrams.named_children()}
    found = exact(ngrams(torch.tensor([text]), torch.arange(40)[None])[0])
    np.testing.assert_allclose(found, papers.ngrams([text], tables, 11, 5)[0], atol=1e-12)


def test_earlier_tokens_come_before_those_of_a_call_and_its_padding() -> None:
    text = list(range(10, 19))
    whole = trailing(torch.tensor([text]), torch.arange(9)[None], None, 3)
    padded, positions = torch.tensor([[0, 0, *text[5:]]]), torch.tensor([[5, 5, 5, 6, 7, 8]])
    part = trailing(padded, positions, torch.tensor([text[2:5]]), 3)
    for own, all_ in zip(part, whole, strict=True):
        assert torch.equal(own[:, 2:], all_[:, 5:])
