"""A run folder with something missing, cut short or changed is told apart from a good one, and left as it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import contents, printed, refused

pytestmark = pytest.mark.usefixtures("here")

RUN = Path("run")
Damage = Callable[[], object]


def lose(name: str) -> Damage:
    return lambda: (RUN / name).unlink()


def cut(name: str) -> Damage:
    """Half of it is left, as when a copy was interrupted."""
    return lambda: (RUN / name).write_bytes((RUN / name).read_bytes()[: (RUN / name).stat().st_size // 2])


def empty(name: str) -> Damage:
    return lambda: (RUN / name).write_bytes(b"")


def change(name: str, old: str, new: str) -> Damage:
    def apply() -> None:
        text = (RUN / name).read_text()
        assert old in text
        (RUN / name).write_text(text.replace(old, new, 1))

    return apply


TO_LOAD: dict[str, tuple[Damage, str]] = {
    "no weights": (lose("model.safetensors"), "the run folder run lacks model.safetensors"),
    "weights cut": (cut("model.safetensors"), "run/model.safetensors cannot be read"),
    "weights empty": (empty("model.safetensors"), "run/model.safetensors cannot be read"),
    "weights of another width": (change("run.yaml", "width: 16", "width: 20"), "run/model.safetensors does not fit"),
    "weights of fewer layers": (change("run.yaml", "layers: 1", "layers: 2"), "run/model.safetensors misses decoder.1"),
    "no tokenizer": (lose("tokenizer.json"), "the run folder run lacks tokenizer.json"),
    "tokenizer cut": (cut("tokenizer.json"), "run/tokenizer.json is not a tokenizer.json, or was cut short"),
    "tokenizer empty": (empty("tokenizer.json"), "run/tokenizer.json is not a tokenizer.json, or was cut short"),
    "tokenizer of more tokens": (
        change("tokenizer.json", '"t": 13', '"t": 900'),
        "run/tokenizer.json has 901 tokens, but the model has 14",
    ),
    "no choices": (lose("run.yaml"), "run is not a run folder: it has no run.yaml"),
    "choices empty": (empty("run.yaml"), "run/run.yaml is not a run file"),
    "choices no text": (lambda: (RUN / "run.yaml").write_bytes(b"\xff\xfe"), "run/run.yaml cannot be read"),
    "choices broken": (change("run.yaml", "width: 16", "width: [16"), "is not YAML"),
    "choices unknown": (change("run.yaml", "width: 16", "widht: 16"), "there is no 'model.widht'"),
    "vocabulary unknown": (
        change("run.yaml", "vocabulary: 14", "vocabulary: none"),
        "the model's vocabulary is not known",
    ),
}

TO_RESUME: dict[str, tuple[Damage, str]] = {
    "no manifest": (lose("manifest.json"), "run/manifest.json"),
    "manifest cut": (cut("manifest.json"), "run/manifest.json is damaged"),
    "no tokens": (lose("tokens/training-00000.npy"), "run/tokens/training-00000.npy"),
    "tokens cut": (cut("tokens/training-00000.npy"), "run/tokens/training-00000.npy"),
    "checkpoint cut": (cut("checkpoints/step-4/model.safetensors"), "step-4/model.safetensors cannot be read"),
    "no checkpoints": (
        lambda: shutil.rmtree(RUN / "checkpoints"),
        "the run folder run lacks checkpoints, without which",
    ),
    "no latest": (lose("checkpoints/latest"), "the run folder run lacks checkpoints/latest, without which"),
    "no weights": (lose("model.safetensors"), "the run folder run lacks model.safetensors, without which"),
    "metrics damaged": (change("metrics.jsonl", "{", "junk\n{"), "run/metrics.jsonl, line 1 is not JSON"),
    **{what: TO_LOAD[what] for what in ("no tokenizer", "tokenizer cut", "no choices", "choices empty")},
}


@pytest.mark.parametrize(("damage", "line"), TO_LOAD.values(), ids=TO_LOAD)
def test_a_damaged_model_is_not_used(damage: Damage, line: str) -> None:
    damage()
    before = contents(RUN)
    for words in (("generate", "run", "the"), ("score", "run", "the"), ("evaluate", "run")):
        assert line in refused(*words)
    assert contents(RUN) == before


@pytest.mark.parametrize(("damage", "line"), TO_RESUME.values(), ids=TO_RESUME)
def test_a_damaged_run_is_not_resumed(damage: Damage, line: str) -> None:
    damage()
    before = contents(RUN)
    assert line in refused("train", "--resume", "run")
    assert contents(RUN) == before


def test_a_model_writes_without_the_text_it_learnt_from() -> None:
    for path in RUN.rglob("*"):
        if path.is_file() and path.name not in ("run.yaml", "tokenizer.json", "model.safetensors"):
            path.unlink()
    assert printed("generate", "run", "the", "--max-new-tokens", "3").startswith("the")
    assert "run/manifest.json" in refused("evaluate", "run")


@pytest.mark.parametrize("kept", ["checkpoints", "metrics.jsonl", "samples.jsonl"])
def test_a_run_without_its_choices_is_not_written_over(kept: str) -> None:
    for path in list(RUN.iterdir()):
        if path.name not in (kept, "manifest.json", "tokens", "tokenizer.json"):
            path.unlink() if path.is_file() else shutil.rmtree(path)
    before = contents(RUN)
    line = refused("train", "gpt-nano", "--data", "text.txt", "--out", "run")
    assert line == f"run holds {kept} of a run, but no run.yaml: copy it back, or choose another folder"
    assert contents(RUN) == before
