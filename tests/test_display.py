"""Numbers, tables and command names for people."""

import os
import sys
from pathlib import Path

import pytest

from cutaway.display import count, html_table, program


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"),
        (999, "999"),
        (1000, "1 k"),
        (10_788_929, "10.8 M"),
        (999_600, "1 M"),
        (671e9, "671 B"),
        (2.5e12, "2,500 B"),
    ],
)
def test_counts_have_three_digits(number: float, text: str) -> None:
    assert count(number) == text


def test_text_in_a_table_is_escaped() -> None:
    table = html_table(["<b>"], [["a & b"], [0.25]], caption="<script>")
    assert "<b>" not in table
    assert "<script>" not in table
    assert "<td>a &amp; b</td>" in table
    assert "<td>0.2500</td>" in table


def _installed(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "cutaway"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_printed_command_runs_the_program_that_printed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own, other = _installed(tmp_path / ".venv/bin"), _installed(tmp_path / "usr/bin")
    monkeypatch.setattr(sys, "argv", [str(own)])
    monkeypatch.setenv("PATH", os.devnull)
    assert program() == ".venv/bin/cutaway"
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == ".venv/bin/cutaway", "another installation is on the PATH"
    monkeypatch.setenv("PATH", str(own.parent))
    assert program() == "cutaway"
    monkeypatch.chdir(other.parent)
    monkeypatch.setenv("PATH", os.devnull)
    assert program() == str(own)


def test_from_python_it_is_named_as_if_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    for script in ("", "/usr/bin/pytest", "ipykernel_launcher.py"):
        monkeypatch.setattr(sys, "argv", [script])
        assert program() == "cutaway"
