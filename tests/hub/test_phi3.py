"""Phi-3, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.hub.importing import import_folder
from cutaway.model.run_folder import read_json, write_json
from hub.families.phi3 import CASES, LONGER, LONGROPE, SIZES
from hub.parity import Case, bring, difference, example, require_same_text

SCALED = Case("Phi3Config", "Phi3ForCausalLM", SIZES | LONGER | {"rope_parameters": LONGROPE})
SPELLED = SIZES | LONGER | {"partial_rotary_factor": 0.8, "rope_theta": 70.0}
FACTORS = {name: LONGROPE[name] for name in ("short_factor", "long_factor")}


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_it_writes_the_same_behind_a_prompt_beyond_the_trained_context(tmp_path: Path) -> None:
    require_same_text(SCALED, tmp_path, lengths=(10, 12))


@torch.no_grad()
@pytest.mark.parametrize("kind", ["su", "yarn", "longrope"])
def test_longrope_has_three_names(kind: str, tmp_path: Path) -> None:
    model, imported = bring(SCALED, tmp_path)
    said = {name: value for name, value in read_json(tmp_path / "config.json").items() if name != "rope_parameters"}
    older = {"rope_scaling": {"type": kind, **FACTORS}, "rope_theta": 70.0, "partial_rotary_factor": 0.8}
    write_json(tmp_path / "config.json", said | older)
    assert import_folder(tmp_path).config == imported.config
    one = example(model).alone()
    assert difference(imported.model(one.inputs), model(**one.theirs).logits) <= 1e-5


def test_what_is_written_has_the_three_options_that_older_readers_allow(tmp_path: Path) -> None:
    config = bring(SCALED, tmp_path)[1].config.model
    written = FAMILIES["phi3"].write(config, "language_modeling")
    assert written["rope_scaling"].keys() == {"type", "short_factor", "long_factor"}
    assert written["original_max_position_embeddings"] == 9


def test_the_trained_context_of_a_file_that_does_not_say_is_that_of_phi_3_mini() -> None:
    said = SPELLED | {
        "max_position_embeddings": 131072,
        "rope_scaling": {"type": "su", **FACTORS},
        "hidden_act": "silu",
    }
    said.pop("original_max_position_embeddings")
    scaling = FAMILIES["phi3"].read(said, "language_modeling", "config.json")["position"]["scaling"]
    assert scaling["trained_context"] == 4096


@pytest.mark.parametrize(
    "said",
    [
        {"rope_scaling": {"type": "linear", "factor": 2.0}},
        {"attention_bias": True},
        {"lm_head_bias": True},
        {"full_attn_mod": 2},
        {"interpolate_factor": 2},
    ],
    ids=str,
)
def test_what_would_change_it_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"asks for .*{next(iter(said))}="):
        FAMILIES["phi3"].read(SPELLED | {"hidden_act": "silu"} | said, "language_modeling", "config.json")


def test_another_scaling_is_not_written(tmp_path: Path) -> None:
    linear = {"kind": "linear", "factor": 2.0}
    config = bring(CASES[0], tmp_path)[1].config.model
    position = type(config.position).model_validate({"kind": "rotary", "scaling": linear})
    lacking = FAMILIES["phi3"].unheld(config.model_copy(update={"position": position}), "language_modeling")
    assert lacking == ["model.position.scaling=linear (it has none)"]
