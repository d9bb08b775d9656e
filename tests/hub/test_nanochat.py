"""nanochat, here and in `transformers`."""

from pathlib import Path

import pytest
import torch

from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from hub.parity import Case, bring, difference, require_parity, require_round_trip, require_same_text
from support import require_module

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "attention_factor": 1.0,
    "rope_theta": 70.0,
}
CASES = [
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"final_logit_softcapping": None, "head_dim": 6}, "left"),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"attention_bias": True, "tie_word_embeddings": True}),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"rope_parameters": YARN, "final_logit_softcapping": 2.0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


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
