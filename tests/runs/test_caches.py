"""Where the memory of decoding goes is told by real caches, and the model's own is among them."""

from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.config.reading import load_preset
from cutaway.model.build import build
from cutaway.model.cost import cache_of_a_token
from cutaway.runs.caches import cache_by_attention, name_of


def test_deepseek_v3_remembers_what_its_paper_says() -> None:
    config = load_preset("deepseek-v3").model
    heads, layers, two_bytes = 128, 61, 2
    taken = cache_by_attention(config, torch.bfloat16)
    assert taken["MHA"] == layers * heads * (128 + 128) * two_bytes == 3_997_696
    assert taken["GQA, 8 groups"] == layers * 8 * (128 + 128) * two_bytes
    assert taken["MQA"] == layers * (128 + 128) * two_bytes
    assert taken["MLA"] == layers * (512 + 64) * two_bytes == 70_272
    assert round(taken["MHA"] / taken["MLA"], 1) == 56.9


@pytest.mark.parametrize("architecture", ["decoder", "encoder_decoder"])
@pytest.mark.parametrize(
    ("attention", "own", "others"),
    [
        ({"heads": 6}, "MHA", ["GQA, 2 groups", "MQA", "MLA"]),
        ({"heads": 6, "kv_heads": 3}, "GQA, 3 groups", ["MHA", "MQA", "MLA"]),
        ({"heads": 5, "kv_heads": 1}, "MQA", ["MHA", "MLA"]),
        ({"kind": "latent", "heads": 6, "latent_rank": 20}, "MLA", ["MHA", "GQA, 2 groups", "MQA"]),
        ({"heads": 1}, "MHA", ["MLA"]),
    ],
    ids=str,
)
def test_a_cache_is_compared_with_those_of_other_attentions(
    architecture: str, attention: dict[str, Any], own: str, others: list[str]
) -> None:
    choices = {"architecture": architecture, "vocabulary": 7, "width": 40, "attention": {"head_width": 8} | attention}
    config = ModelConfig.model_validate(choices)
    taken = cache_by_attention(config)
    assert name_of(config.attention) == own
    assert sorted(taken) == sorted([own, *others])
    assert taken[own] == cache_of_a_token(build(config))
    assert len(set(taken.values())) == len(taken)
