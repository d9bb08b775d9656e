"""Qwen 3, here and in `transformers`."""

from pathlib import Path

from hub.families.qwen3 import CASES
from hub.parity import require_same_text


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)
