"""The command line on the systems that it is said to run on, as far as one of them can stand in for another."""

from pathlib import Path

import pytest

from support import require_path, run_python


def test_it_needs_nothing_that_windows_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_path("/proc/self/maps")
    monkeypatch.setenv("PYTHONWARNDEFAULTENCODING", "1")
    program = Path(__file__).with_name("windows.py").read_text(encoding="utf-8")
    assert run_python(program, folder=tmp_path).endswith("all of it\n")
