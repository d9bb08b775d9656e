"""What a shell offers while a command is typed, by the protocol of the completion scripts."""

import json
from pathlib import Path

import pytest

from cutaway.config.reading import presets
from support import run_python

PROGRAM = """
import contextlib, io, json, os, sys
from cutaway.cli import main
told = []
for words, number in json.loads(sys.argv[1]):
    os.environ.update(_CUTAWAY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(number))
    sys.argv[1:] = []
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    told.append(out.getvalue().split())
assert "torch" not in sys.modules, "completion must not wait for torch"
print(json.dumps(told))
"""
SCRIPT = """
import sys
from cutaway.cli import main
sys.argv = ["cutaway", *sys.argv[1:]]
main()
"""


def test_presets_keys_tasks_and_runs_are_completed(tmp_path: Path) -> None:
    for folder in ("runs/nano", "runs/other", "mine"):
        (tmp_path / folder).mkdir(parents=True)
    for run in ("runs/nano", "mine"):
        (tmp_path / run / "run.yaml").touch()
    asked = {
        "cutaway train bert": ["bert-base", "bert-nano"],
        "cutaway plan gpt2": ["gpt2-small"],
        "cutaway train bert-nano train.batch_s": ["train.batch_size="],
        "cutaway train train.steps=3 bert": ["bert-base", "bert-nano"],
        "cutaway train bert-nano bert": [],
        "cutaway train --task sequence-c": ["sequence-classification"],
        "cutaway config model.attention.kv": ["model.attention.kv_heads"],
        "cutaway train --resume m": ["mine"],
        "cutaway train --from runs/n": ["runs/nano"],
        "cutaway generate ": ["mine", "runs/", "runs/nano", "runs/other/"],
        "cutaway evaluate r": ["runs/", "runs/nano", "runs/other/"],
        "cutaway gen": ["generate"],
        "cutaway train ": presets(),
    }
    words = [(line, len(line.split()) - (not line.endswith(" "))) for line in asked]
    told = json.loads(run_python(PROGRAM, json.dumps(words), folder=tmp_path))
    everything = dict(zip(asked, told, strict=True))
    assert "train.steps=" in everything["cutaway train "]
    everything["cutaway train "] = [word for word in everything["cutaway train "] if "=" not in word]
    assert everything == asked


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    script = run_python(SCRIPT, "--show-completion", shell)
    assert f"_CUTAWAY_COMPLETE=complete_{shell}" in script


def test_the_script_is_installed_for_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    run_python(SCRIPT, "--install-completion", "bash")
    named = (tmp_path / ".bashrc").read_text()
    assert "cutaway" in named
    scripts = [path for path in tmp_path.rglob("*") if path.is_file() and "_CUTAWAY_COMPLETE" in path.read_text()]
    assert scripts
