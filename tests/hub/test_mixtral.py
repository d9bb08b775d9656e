"""Mixtral, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cutaway.config.reading import load_preset, override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.exporting import Wishes, export_folder
from cutaway.hub.families import FAMILIES
from cutaway.model.build import build
from hub.families.mixtral import CASES, SIZES
from hub.parity import bring, difference, require_same_text
from support import require_module

EXPERTS = [
    *("model.vocabulary=37", "model.attention.kind=grouped", "model.head.tied=false", "model.first_layers=none"),
    *("model.feedforward.gate=softmax", "model.feedforward.shared=0", "model.position=rotary"),
]


def like_mixtral(*choices: str) -> RunConfig:
    """A preset with experts, made like Mixtral."""
    return override(load_preset("deepseek-nano"), [*EXPERTS, *choices])


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_each_expert_is_stored_on_its_own(tmp_path: Path) -> None:
    bring(CASES[0], tmp_path)
    names = {name for name in load_file(tmp_path / "model.safetensors") if ".experts." in name}
    assert len(names) == 3 * 6 * 3
    assert "model.layers.2.block_sparse_moe.experts.5.w2.weight" in names


def test_the_base_of_a_file_that_does_not_say_is_a_million() -> None:
    said = SIZES | {"hidden_act": "silu"}
    position = FAMILIES["mixtral"].read(said, "language_modeling", "config.json")["position"]
    fresh = require_module("transformers").MixtralConfig()
    assert position["base"] == fresh.rope_parameters["rope_theta"] == 1e6


@torch.no_grad()
@pytest.mark.parametrize("balance", ["bias", "loss", "none"])
def test_a_model_of_ours_goes_out_to_it(balance: str, tmp_path: Path) -> None:
    config = like_mixtral(f"model.feedforward.balance={balance}")
    model = build(config.model, seed=1).eval()
    assert export_folder(model, config, tmp_path, {}, Wishes()).model_type == "mixtral"
    theirs = require_module("transformers").AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    tokens = torch.randint(37, (3, 11))
    assert difference(model(tokens), theirs(tokens).logits) <= 1e-5


def test_a_bias_that_balances_is_refused(tmp_path: Path) -> None:
    config = like_mixtral("model.feedforward.balance=bias")
    model = build(config.model)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("balance.bias"):
                weight += 1.0
    with pytest.raises(UserError, match="mixtral cannot hold this model: a matrix has a bias, but the format has none"):
        export_folder(model, config, tmp_path, {})


def test_shared_experts_are_named() -> None:
    lacking = FAMILIES["mixtral"].unheld(like_mixtral("model.feedforward.shared=2").model, "language_modeling")
    assert lacking == ["model.feedforward.shared=2 (it has 0)"]
