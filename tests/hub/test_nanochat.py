"""nanochat, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from hub.families.nanochat import CASES, SIZES, YARN
from hub.parity import Case, bring, difference, require_same_text
from support import require_module


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_vectors_that_yarn_makes_longer_are_refused(tmp_path: Path) -> None:
    longer = {"rope_parameters": YARN | {"attention_factor": 1.5}}
    with pytest.raises(UserError, match=r"attention_factor.*cutaway does not have"):
        bring(Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | longer), tmp_path)


def test_our_preset_goes_out_to_it(tmp_path: Path) -> None:
    config = override(load_preset("gpt-nano"), ["model.vocabulary=37", "model.layers=2", "model.head.softcap=0.5"])
    model = build(config.model, seed=1).eval()
    family = export_folder(model, config, tmp_path, {})
    theirs = require_module("transformers").AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    tokens = torch.randint(37, (3, 11))
    with torch.no_grad():
        assert difference(model(tokens), theirs(tokens).logits) <= 1e-5
    back = import_folder(tmp_path).model.state_dict()
    assert family.model_type == "nanochat"
    assert all(torch.equal(tensor, back[name]) for name, tensor in model.state_dict().items())
