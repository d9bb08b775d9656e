"""DistilBERT, here and in `transformers`."""

from pathlib import Path

import torch

from hub.families.distilbert import SIZES
from hub.parity import RELATIVE, Case, bring, difference, example


@torch.no_grad()
def test_a_body_alone_gives_the_mean_of_its_tokens(tmp_path: Path) -> None:
    model, imported = bring(Case("DistilBertConfig", "DistilBertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert one.mask is not None
    keep = one.mask[:, :, None]
    mean = (model(**one.theirs).last_hidden_state * keep).sum(dim=1) / keep.sum(dim=1)
    assert difference(imported.model(one.inputs, **one.ours), mean) <= RELATIVE
