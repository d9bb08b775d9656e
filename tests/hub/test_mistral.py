"""Mistral, here and in `transformers`."""

from pathlib import Path

from hub.families.mistral import CASES, SIZES
from hub.parity import Case, bring, require_parity, require_same_text

WITHOUT_WINDOW = Case("MistralConfig", "MistralForCausalLM", SIZES | {"sliding_window": None})


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_without_a_window_it_looks_at_everything(tmp_path: Path) -> None:
    require_parity(WITHOUT_WINDOW, tmp_path)


def test_a_window_is_read_or_none(tmp_path: Path) -> None:
    windows = [bring(case, tmp_path)[1].config.model.attention.window for case in (CASES[0], WITHOUT_WINDOW)]
    assert windows == [6, None]
