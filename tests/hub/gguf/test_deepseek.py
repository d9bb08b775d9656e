"""llama.cpp computes latent attention, expert routing and YaRN of DeepSeek-V3 as we do."""

from pathlib import Path
from typing import Any

import pytest
import torch

from hub.gguf.deepseek import ROTARY, WIDTH, choices, write
from hub.gguf.test_llama_cpp import LONG, ours, prompt, theirs

YARN = {"kind": "yarn", "factor": 4.0, "trained_context": 9}
LONGER = 1 + 0.1 * torch.tensor(4.0).log().item()
CASES: list[dict[str, Any]] = [
    {},
    {"feedforward": {"groups": 3, "groups_per_token": 2}},
    {"feedforward": {"normalised": False}},
    {"position": {"scaling": YARN}, "attention": {"scale": LONGER**2 * (WIDTH + ROTARY) ** -0.5}},
]


LITE = 27
"""The layers of V2-Lite: by their number llama.cpp knows that queries have no latent, and reads no other such model."""


@pytest.mark.parametrize("absorbed", [False, True])
@pytest.mark.parametrize("changed", CASES, ids=str)
def test_it_reads_the_same_model(changed: dict[str, Any], absorbed: bool, tmp_path: Path) -> None:
    path, model = write(tmp_path, choices(200, **changed), absorbed=absorbed)
    for length in (13, LONG):
        ids = prompt(model, length)
        found, count = theirs(path, ids)
        assert count == length
        assert torch.allclose(found, ours(model, ids), rtol=0, atol=1e-4)
        assert not torch.allclose(ours(model, ids[1:]), found, atol=1e-2), "the first token matters"


def test_queries_without_a_latent(tmp_path: Path) -> None:
    path, model = write(tmp_path, choices(layers=LITE, attention={"query_rank": None}), absorbed=True)
    ids = prompt(model)
    assert torch.allclose(theirs(path, ids)[0], ours(model, ids), rtol=0, atol=1e-4)
