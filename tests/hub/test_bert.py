"""BERT, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from hub.parity import RELATIVE, Case, bring, difference, example, require_parity, require_round_trip

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
}
CASES = [
    Case("BertConfig", "BertForMaskedLM", SIZES),
    Case("BertConfig", "BertForMaskedLM", SIZES | {"hidden_act": "gelu_new", "type_vocab_size": 3}),
    Case("BertConfig", "BertForMaskedLM", SIZES | {"layer_norm_eps": 0.1}),
    Case("BertConfig", "BertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("BertConfig", "BertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("BertConfig", "BertForQuestionAnswering", SIZES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


@torch.no_grad()
def test_a_body_alone_gives_what_its_pooler_makes_of_the_first_token(tmp_path: Path) -> None:
    model, imported = bring(Case("BertConfig", "BertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert difference(imported.model(one.inputs, **one.ours), model(**one.theirs).pooler_output) <= RELATIVE
