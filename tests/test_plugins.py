"""What other packages register: found by name, never in place of what is built in, and named when it is missing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cutaway import plugins
from cutaway.config.reading import dump_run, load_run, override
from cutaway.config.run import RunConfig
from cutaway.config.task import known_kinds, task_record, trained_kinds
from cutaway.data.readers import plugin_reader
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES, all_families, family_of
from cutaway.model.build import build
from cutaway.runs.requirements import chosen_by_task

Install = Callable[[str, dict[str, str], str], None]
TASK = """
from typing import ClassVar, Literal
from cutaway.config.task import ModelNeeds, TaskConfig, TaskSpec

class Rhymes(TaskConfig):
    spec: ClassVar[TaskSpec] = TaskSpec(ModelNeeds(("encoder",), "token"), verbs=(), implementation="none:None")
    kind: Literal["rhymes"] = "rhymes"
    syllables: int = 3
"""
POSITION = """
from typing import ClassVar, Literal
import torch
from cutaway.config.position import PositionPlugin

class Noise(PositionPlugin):
    acts_on: ClassVar = "embeddings"
    builder: ClassVar = "noise:build"
    kind: Literal["noise"] = "noise"
    size: float = 2.0

def build(model, causal):
    return lambda positions: torch.full((*positions.shape, model.width), model.position.size)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a package importable: its entry points of a group, and a module of the same name."""

    def install(name: str, entries: dict[str, str], code: str = "") -> None:
        folder = tmp_path / name
        metadata = folder / f"{name}-1.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1\n")
        lines = [f"[{group}]\n{entry}" for group, entry in entries.items()]
        (metadata / "entry_points.txt").write_text("\n".join(lines))
        (folder / f"{name}.py").write_text(code)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return install


def test_a_task_of_another_package_is_a_kind(install: Install, tmp_path: Path) -> None:
    install("poetry", {plugins.TASKS: "rhymes = poetry:Rhymes"}, TASK)
    assert known_kinds()[-1] == trained_kinds()[-1] == "rhymes"
    run = override(RunConfig(), ["task=rhymes", "task.syllables=5"])
    assert (run.task.kind, run.task.model_dump()["syllables"]) == ("rhymes", 5)
    (tmp_path / "run.yaml").write_text(dump_run(run))
    assert load_run(tmp_path / "run.yaml") == run
    assert chosen_by_task("rhymes", RunConfig())[0] == "task=rhymes"


def test_a_missing_package_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: {kind: rhymes, syllables: 5}\n")
    with pytest.raises(UserError, match=r"task has no kind 'rhymes'; .*; a kind of another package needs that package"):
        load_run(tmp_path / "run.yaml")
    with pytest.raises(UserError, match=r"model\.position has no kind 'noise'; .*needs that package installed"):
        override(RunConfig(), ["model.position=noise"])


def test_nothing_built_in_is_replaced(install: Install) -> None:
    entries = {
        plugins.TASKS: "language_modeling = poetry:Rhymes",
        plugins.POSITIONS: "rotary = poetry:Rhymes",
        plugins.FAMILIES: "llama = poetry:Rhymes",
    }
    before = task_record("language_modeling")
    install("poetry", entries, TASK)
    assert task_record("language_modeling") is before
    assert known_kinds().count("language_modeling") == 1
    assert type(override(RunConfig(), ["model.position=rotary"]).model.position).__name__ == "RotaryConfig"
    assert family_of("llama", "config.json") is FAMILIES["llama"]
    assert all_families() == FAMILIES


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no\\nluck')", r"'rhymes' of the package poetry cannot be loaded \(RuntimeError: no"),
        ("import nowhere", r"cannot be loaded \(ModuleNotFoundError: No module named 'nowhere'"),
        ("", r"cannot be loaded \(AttributeError"),
        ("Rhymes = 3", r"'rhymes' of the package poetry is no TaskConfig: correct its entry point in the group"),
        (TASK.replace('"rhymes"', '"verses"'), "the task 'rhymes' of poetry has another kind"),
    ],
    ids=["raises", "lacks a module", "lacks the class", "another class", "another kind"],
)
def test_a_broken_package_is_named(install: Install, code: str, said: str) -> None:
    install("poetry", {plugins.TASKS: "rhymes = poetry:Rhymes"}, code)
    with pytest.raises(UserError, match=said):
        override(RunConfig(), ["task=rhymes"])


def test_of_two_packages_with_one_name_neither_wins(install: Install) -> None:
    install("poetry", {plugins.TASKS: "rhymes = poetry:Rhymes"}, TASK)
    install("verse", {plugins.TASKS: "rhymes = verse:Rhymes"}, TASK)
    with pytest.raises(UserError, match=r"'rhymes' of cutaway\.tasks is registered by poetry and verse: uninstall one"):
        task_record("rhymes")


def test_a_position_scheme_acts_where_it_says(install: Install) -> None:
    install("noise", {plugins.POSITIONS: "noise = noise:Noise"}, POSITION)
    choices = ["model.position=noise", "model.position.size=3", "model.vocabulary=9"]
    config = override(RunConfig(), choices)
    assert config.model.model_dump()["position"] == {"kind": "noise", "size": 3.0}
    assert override(config, ["model.position=none"]).model.position.kind == "none"
    assert build(config.model).decoder.embedding.positions is not None
    with pytest.raises(UserError, match=r"there is no 'model\.position\.sizes'"):
        override(config, ["model.position.sizes=3"])


def test_endings_without_a_reader_have_none(install: Install) -> None:
    install("ini", {plugins.READERS: "ini = ini:read"}, "def read(path):\n    yield {'text': path.read_text()}")
    assert plugin_reader(Path("a.txt")) is plugin_reader(Path("a")) is None
    reader = plugin_reader(Path("a.INI"))
    assert reader is not None
    assert reader.__name__ == "read"
