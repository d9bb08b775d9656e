"""BERT, here and in `transformers`."""

from pathlib import Path

import torch

from hub.families.bert import SIZES
from hub.parity import RELATIVE, Case, bring, difference, example


@torch.no_grad()
def test_a_body_alone_gives_what_its_pooler_makes_of_the_first_token(tmp_path: Path) -> None:
    model, imported = bring(Case("BertConfig", "BertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert difference(imported.model(one.inputs, **one.ours), model(**one.theirs).pooler_output) <= RELATIVE
