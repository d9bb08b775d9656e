"""OLMo 2, here and in `transformers`."""

from pathlib import Path

from hub.families.olmo2 import CASES
from hub.parity import require_same_text


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)
