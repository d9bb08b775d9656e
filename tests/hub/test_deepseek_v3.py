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
from hub.parity import Case, bring, difference, require_parity, require_round_trip, require_same_text
from support import require_module

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 50,
    "moe_intermediate_size": 24,
    "q_lora_rank": 18,
    "kv_lora_rank": 20,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 10,
    "v_head_dim": 14,
    "n_routed_experts": 6,
    "num_experts_per_tok": 3,
    "n_group": 3,
    "topk_group": 2,
    "n_shared_experts": 2,
    "first_k_dense_replace": 1,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
ONE_GROUP = {"n_group": 1, "topk_group": 1}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "beta_slow": 0.5,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "rope_theta": 70.0,
}
CASES = [
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"rope_parameters": YARN}, "left"),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"rope_parameters": YARN | {"mscale": 0.7}}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"q_lora_rank": None, "norm_topk_prob": False}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"attention_bias": True, "first_k_dense_replace": 0}),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | {"attention_bias": True, "q_lora_rank": None}, "left"),
    Case("DeepseekV3Config", "DeepseekV3ForCausalLM", SIZES | ONE_GROUP | {"tie_word_embeddings": True}),
    Case("DeepseekV3Config", "DeepseekV3ForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("DeepseekV3Config", "DeepseekV3ForTokenClassification", SIZES | {"num_labels": 7}, "left"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


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
