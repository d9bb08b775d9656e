"""DeepSeek-V3, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from hub.families.deepseek_v3 import CASES, SIZES
from hub.parity import Case, bring, difference, require_same_text
from support import require_module


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[1], tmp_path)


def test_layers_that_look_further_ahead_are_left_and_named(tmp_path: Path) -> None:
    bring(CASES[0], tmp_path)
    path = tmp_path / "model.safetensors"
    further = {"model.layers.3.eh_proj.weight": torch.ones(40, 80), "model.layers.13.enorm.weight": torch.ones(40)}
    save_file(load_file(path) | further, path)
    notes = import_folder(tmp_path).notes
    assert notes == ("not read: layers that predict tokens beyond the next one (2 tensors)",)


@pytest.mark.parametrize(
    "said", [{"rope_interleave": False}, {"scoring_func": "softmax"}, {"topk_method": "greedy"}], ids=str
)
def test_relatives_that_work_otherwise_are_refused(said: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"asks for {next(iter(said))}"):
        bring(Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | said), tmp_path)


@pytest.mark.parametrize("balance", ["bias", "loss"])
def test_our_preset_goes_out_to_it(balance: str, tmp_path: Path) -> None:
    config = override(load_preset("deepseek-nano"), [f"model.feedforward.balance={balance}", "model.vocabulary=37"])
    model = build(config.model, seed=1).eval()
    family = export_folder(model, config, tmp_path, {})
    theirs = require_module("transformers").AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    tokens = torch.randint(37, (3, 11))
    with torch.no_grad():
        assert difference(model(tokens), theirs(tokens).logits) <= 1e-5
    back = import_folder(tmp_path).model.state_dict()
    assert family.model_type == "deepseek_v3"
    assert all(torch.equal(tensor, back[name]) for name, tensor in model.state_dict().items())
