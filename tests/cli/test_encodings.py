"""Output that the terminal's encoding cannot hold is escaped."""

import io
import json
import sys
from pathlib import Path

import pytest

from cutaway import cli
from cutaway.cli.show import print_json


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


TEXT = "naïve 中 \udcff"


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", rb"na\xefve \u4e2d \udcff"),
        ("cp1252", b"na\xefve " + rb"\u4e2d \udcff"),
        ("utf-8", "naïve 中 ".encode() + rb"\udcff"),
    ],
)
def test_a_terminal_shows_what_it_can(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: bytes, errors: str
) -> None:
    inner = io.BytesIO()
    terminal = Terminal(inner, encoding=encoding, errors=errors)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, terminal)
    cli._set_encodings()
    assert terminal.encoding == encoding
    print(TEXT, flush=True)
    assert inner.getvalue() == shown + b"\n"
    inner.seek(0)
    inner.truncate()
    print_json({"text": TEXT})
    terminal.flush()
    assert json.loads(inner.getvalue().decode(encoding)) == {"text": TEXT}


def test_other_ways_to_escape_are_kept_and_pipes_are_utf_8(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terminal = Terminal(io.BytesIO(), encoding="ascii", errors="replace")
    with (tmp_path / "out").open("w", encoding="cp1252") as pipe:
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "stderr", pipe)
        cli._set_encodings()
        assert (terminal.encoding, terminal.errors) == ("ascii", "replace")
        assert pipe.encoding == "utf-8"
