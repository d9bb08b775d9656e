"""Qwen 2, here and in `transformers`."""

from pathlib import Path

import pytest

from cutaway.errors import UserError
from hub.families.qwen2 import CASES, SIZES, WINDOW
from hub.parity import Case, bring, require_same_text


def test_it_writes_the_same_with_a_cache(tmp_path: Path) -> None:
    require_same_text(CASES[0], tmp_path)


def test_a_window_of_some_layers_is_refused(tmp_path: Path) -> None:
    case = Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW | {"max_window_layers": 1})
    with pytest.raises(UserError, match=r"use_sliding_window=True.*which cutaway does not have"):
        bring(case, tmp_path)
