"""Rows of n-grams that were never met are zero, and no fault; half of another matrix is."""

import pytest
import torch

from checks.subjects import SUBJECTS, subject
from cutaway.checks.weights import weights_are_filled
from cutaway.nn.ngrams import NGram
from variants import NGRAMS


@torch.no_grad()
def test_ngrams_that_no_text_had_may_be_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = {"embedding": {"ngrams": NGRAMS}, "position": "rotary", "context": 90}
    monkeypatch.setitem(SUBJECTS, "n-grams", ("byte", "language_modeling", choices))
    judged = subject("n-grams")
    tables = [module.table.weight for module in judged.model.modules() if isinstance(module, NGram)]
    assert len(tables) == len(NGRAMS["lengths"])
    for table in tables:
        table[len(table) // 4 :] = 0
    assert weights_are_filled(judged).passes
    tables[0][:] = 0
    assert weights_are_filled(judged).passes
    tables[1][:] = 1
    found = weights_are_filled(judged)
    assert not found.passes
    assert found.culprit.endswith("table.weight")
