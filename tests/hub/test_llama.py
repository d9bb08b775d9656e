"""Llama, here and in `transformers`."""

from pathlib import Path

import torch

from hub.families.llama import CASES, SIZES
from hub.parity import Case, bring, difference, require_same_text


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


@torch.no_grad()
def test_a_body_alone_embeds_texts_by_their_last_token(tmp_path: Path) -> None:
    model, imported = bring(Case("LlamaConfig", "LlamaModel", SIZES), tmp_path)
    tokens = torch.randint(5, 37, (3, 11))
    last = model(tokens).last_hidden_state[:, -1]
    assert imported.config.task.kind == "sentence_embedding"
    assert difference(imported.model(tokens), last) <= 1e-5
