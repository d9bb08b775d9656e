"""RoBERTa and its variant with norms first, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from hub.families.roberta import POSITIONS, SIZES
from hub.parity import RELATIVE, Case, bring, difference, example


@pytest.mark.parametrize("name", ["Roberta", "RobertaPreLayerNorm"])
@torch.no_grad()
def test_a_body_alone_gives_what_its_pooler_makes_of_the_first_token(name: str, tmp_path: Path) -> None:
    alone = Case(f"{name}Config", f"{name}Model", SIZES, unused={POSITIONS: 2})
    model, imported = bring(alone, tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert difference(imported.model(one.inputs, **one.ours), model(**one.theirs).pooler_output) <= RELATIVE
