"""Keys of earlier versions are understood, wherever they are given, with one warning that says their names now."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from cutaway.config.reading import dump_run, load_preset, load_run, override
from cutaway.config.renamed import RENAMED, with_current_keys
from cutaway.errors import RenamedWarning

PRESETS = {
    "model.ahead": "deepseek-nano",
    "model.position.longest": "graph-nano",
    "model.position.distance": "t5-nano",
    "model.feedforward.chosen": "deepseek-nano",
    "model.feedforward.groups_chosen": "deepseek-nano",
    "task.share": "bert-nano",
    "task.rate": "audio-nano",
    "task.deviation": "audio-nano",
}
NUMBER = {"task.share": 0.25, "task.deviation": 2.5}


def at(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree[name]
    return tree


@pytest.mark.parametrize("old", [key for key in RENAMED if "first_layers" not in key])
def test_an_old_key_is_the_new_one(old: str, tmp_path: Path) -> None:
    new = f"{old.rpartition('.')[0]}.{RENAMED[old]}"
    value = NUMBER.get(old, 1 if old.startswith(("train", "model.ahead")) else 8 if "position" in old else 1)
    preset = load_preset(PRESETS.get(old, "gpt-nano"))
    with pytest.warns(RenamedWarning, match=f"{old} is now {new}"):
        changed = override(preset, [f"{old}={value}"])
    assert at(changed.model_dump(), new) == value
    assert changed == override(preset, [f"{new}={value}"])
    tree = yaml.safe_load(dump_run(changed))
    branch, name = at(tree, old.rpartition(".")[0]), old.rpartition(".")[2]
    branch[name] = branch.pop(RENAMED[old])
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(tree))
    with pytest.warns(RenamedWarning) as found:
        assert load_run(path) == changed
    assert len(found) == 1


def test_current_keys_warn_of_nothing() -> None:
    tree = load_preset("deepseek-nano").model_dump(mode="json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert with_current_keys(tree) == tree
        assert override(load_preset("gpt-nano"), ["train.gradient_accumulation=2"]).train.gradient_accumulation == 2


def test_of_several_old_keys_one_warning_names_all() -> None:
    with pytest.warns(RenamedWarning, match=r"model\.ahead is now .*, train\.accumulation is now") as found:
        current = with_current_keys({"model": {"ahead": 1}, "train": {"accumulation": 4}})
    assert current == {"model": {"multi_token_prediction": 1}, "train": {"gradient_accumulation": 4}}
    assert len(found) == 1
