"""GPT-NeoX and Pythia, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from cutaway.hub.families.gpt_neox import by_head
from cutaway.hub.importing import import_folder
from cutaway.hub.weight_rules import PermuteRows
from cutaway.model.run_folder import read_json, write_json
from hub.families.gpt_neox import CASES, SIZES
from hub.parity import Case, bring, difference, example, require_parity, require_same_text

IN_TURN = CASES[1]


@pytest.mark.parametrize("case", [CASES[0], IN_TURN], ids=["parallel", "in turn"])
def test_it_writes_the_same_with_a_cache(case: Case, tmp_path: Path) -> None:
    require_same_text(case, tmp_path)


def test_the_default_is_a_quarter_of_the_channels_unless_all_are_named(tmp_path: Path) -> None:
    widths = [bring(case, tmp_path)[1].config.model.position.rotary_width for case in (CASES[0], IN_TURN)]
    assert widths == [2, 8]


def test_rows_of_each_head_are_together() -> None:
    heads, width = 3, 4
    stored = torch.arange(3 * heads * width)
    (thirds,) = PermuteRows(by_head(heads, width)).read([stored])
    expected = stored.view(heads, 3, width).transpose(0, 1).flatten()
    assert torch.equal(thirds, expected)
    assert not torch.equal(thirds, stored)


@torch.no_grad()
def test_options_and_names_of_published_files_are_understood(tmp_path: Path) -> None:
    """Pythia's files: options of rotation outside `rope_parameters`, masks and angles among the weights."""
    model, imported = bring(Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"rotary_emb_base": 70}), tmp_path)
    said = read_json(tmp_path / "config.json")
    assert said.pop("rope_parameters")["rope_theta"] == 70
    write_json(tmp_path / "config.json", said | {"rotary_emb_base": 70, "rotary_pct": 0.25})
    tensors: dict[str, Tensor] = load_file(tmp_path / "model.safetensors")
    for i in range(3):
        name = f"gpt_neox.layers.{i}.attention"
        tensors |= {f"{name}.bias": torch.ones(1, 1, 17, 17), f"{name}.masked_bias": torch.tensor(-1e9)}
        tensors[f"{name}.rotary_emb.inv_freq"] = torch.ones(1)
    save_file(tensors, tmp_path / "model.safetensors")
    again = import_folder(tmp_path)
    assert again.config == imported.config
    assert again.notes == ("not read: masks (6 tensors)", "not read: angles of positions (3 tensors)")
    one = example(model).alone()
    assert difference(again.model(one.inputs), model(**one.theirs).logits) <= 1e-5


@torch.no_grad()
def test_a_body_alone_embeds_texts_by_their_last_token(tmp_path: Path) -> None:
    model, imported = bring(Case("GPTNeoXConfig", "GPTNeoXModel", SIZES), tmp_path)
    tokens = torch.randint(5, 37, (3, 11))
    assert imported.config.task.kind == "sentence_embedding"
    assert difference(imported.model(tokens), model(tokens).last_hidden_state[:, -1]) <= 1e-5


def test_a_scaling_keeps_the_part_that_is_rotated(tmp_path: Path) -> None:
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 0.5, "high_freq_factor": 2.0}
    half = scaling | {"original_max_position_embeddings": 9, "rope_theta": 70.0, "partial_rotary_factor": 0.5}
    require_parity(Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"rope_parameters": half}), tmp_path)
