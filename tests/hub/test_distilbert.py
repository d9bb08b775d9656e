"""DistilBERT, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from hub.parity import RELATIVE, Case, bring, difference, example, require_parity, require_round_trip

SIZES = {"n_layers": 3, "dim": 24, "n_heads": 6, "hidden_dim": 50, "vocab_size": 37, "max_position_embeddings": 17}
CASES = [
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES),
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES | {"activation": "relu", "sinusoidal_pos_embds": True}),
    Case("DistilBertConfig", "DistilBertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("DistilBertConfig", "DistilBertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("DistilBertConfig", "DistilBertForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


@torch.no_grad()
def test_a_body_alone_gives_the_mean_of_its_tokens(tmp_path: Path) -> None:
    model, imported = bring(Case("DistilBertConfig", "DistilBertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert one.mask is not None
    keep = one.mask[:, :, None]
    mean = (model(**one.theirs).last_hidden_state * keep).sum(dim=1) / keep.sum(dim=1)
    assert difference(imported.model(one.inputs, **one.ours), mean) <= RELATIVE
