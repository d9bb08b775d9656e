"""Paths as other systems have them."""

from pathlib import PurePath

import pytest


def ignore_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compares paths without regard to case, as on Windows."""
    monkeypatch.setattr(PurePath, "__lt__", lambda one, other: str(one).lower() < str(other).lower())
