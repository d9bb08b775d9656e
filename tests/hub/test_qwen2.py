"""Qwen 2, here and in `transformers`."""

from pathlib import Path

from hub.families.qwen2 import CASES, WINDOWED
from hub.parity import require_same_text


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_it_writes_the_same_with_a_cache_where_some_layers_have_a_window(tmp_path: Path) -> None:
    require_same_text(WINDOWED, tmp_path)
