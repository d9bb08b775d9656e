"""What is wrong with an installation is said; what is personal is not."""

import io
import json
import sys
from importlib import metadata
from pathlib import Path

import pytest

import cutaway
from cli.command import printed, run
from cutaway import plugins
from cutaway.cli import doctor
from cutaway.cli.doctor import Requirement, numbers, requirements


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [
        "torch>=2.6",
        "Typer>=0.15",
        "torch>=1; extra == 'own'",
        "no-such-package>=2; extra == 'more'",
        "ruff; extra == 'dev'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: needed)


def test_it_shows_versions_hardware_and_extras() -> None:
    told = printed("doctor")
    for line in ("versions", "processor", "machine", "extras", "plugins", "terminal"):
        assert f"{line}\n" in told
    assert ["cutaway", cutaway.__version__] in [line.split() for line in told.splitlines()]
    assert metadata.version("torch") in told
    assert told.endswith("nothing is wrong\n")
    found = json.loads(printed("doctor", "--json"))
    assert found["problems"] == []
    assert found["sections"]["extras"] == {
        "more": "pip install 'cutaway[more]'  (missing: no-such-package)",
        "own": "installed",
    }
    assert found["sections"]["processor"]["cores"] >= 1
    assert found["sections"]["processor"]["torch uses"]
    assert found["sections"]["terminal"]["interactive"] == "no"


@pytest.mark.parametrize(
    ("needed", "problem"),
    [
        ("torch>=99.1", f"torch {metadata.version('torch')} is too old: pip install --upgrade 'torch>=99.1'"),
        ("no-such-package>=2", "no-such-package is missing: pip install --upgrade 'no-such-package>=2'"),
    ],
)
def test_a_dependency_that_is_missing_or_too_old_is_a_problem(
    needed: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: [needed])
    outcome = run("doctor")
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == f"problem: {problem}"
    outcome = run("doctor", "--json")
    assert (outcome.status, json.loads(outcome.out)["problems"]) == (1, [problem])


def test_it_works_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "cutaway.model.device", raising=False)
    outcome = run("doctor")
    assert outcome.status == 1
    assert "problem: torch cannot be imported (ModuleNotFoundError" in outcome.out
    assert "free disk here" in outcome.out


def test_a_plugin_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "broken_here.py").write_text(f"raise OSError({str(tmp_path / 'file')!r})")
    monkeypatch.syspath_prepend(tmp_path)
    entries = [
        metadata.EntryPoint("fine", "json:loads", plugins.READERS),
        metadata.EntryPoint("broken", "broken_here:read", plugins.READERS),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: [one for one in entries if one.group == group])
    outcome = run("doctor")
    assert outcome.status == 1
    assert f"{plugins.READERS}    broken, fine" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("problem: 'broken' of the package broken_here:read cannot be loaded")
    assert str(tmp_path) not in outcome.out
    assert "~/file" in outcome.out.replace("\\", "/")


def test_another_encoding_and_a_full_disk_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    monkeypatch.setattr(doctor, "LITTLE_DISK", float("inf"))
    disk, encoding = doctor.examine().problems
    assert disk.endswith("are free on this disk: a run may not fit")
    assert encoding == "the terminal is cp1252, not UTF-8: set PYTHONUTF8=1"


def test_the_package_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        metadata,
        "requires",
        lambda name: [
            *("numpy>=1.26", "typing_extensions", "pillow>=10; extra == 'vision'"),
            "xllamacpp>=2026.10; (platform_machine == 'x86_64') and extra == 'dev'",
        ],
    )
    assert list(requirements()) == [
        Requirement("numpy", "1.26", None),
        Requirement("typing_extensions", "", None),
        Requirement("pillow", "10", "vision"),
        Requirement("xllamacpp", "2026.10", "dev"),
    ]
    assert numbers("2.13.0+cpu") == (2, 13, 0)
    assert numbers("2.13") > numbers("2.6")
    assert numbers("") == ()
