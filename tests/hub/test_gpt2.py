"""GPT-2, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from hub.families.gpt2 import IDS, SIZES
from hub.parity import Case, bring, require_same_text


@pytest.mark.parametrize("said", [{}, {"scale_attn_by_inverse_layer_idx": True}], ids=str)
def test_it_writes_the_same_with_a_cache(said: dict[str, Any], tmp_path: Path) -> None:
    require_same_text(Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | said), tmp_path)


def test_scores_are_scaled_as_the_options_say(tmp_path: Path) -> None:
    said = {"scale_attn_by_inverse_layer_idx": True, "scale_attn_weights": False}
    attention = bring(Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | said), tmp_path)[1].config.model.attention
    assert attention.kind == "grouped"
    assert (attention.scale, attention.scale_by_layer) == (1.0, True)


def test_cross_attention_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="add_cross_attention=True, and only False is implemented"):
        bring(Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"add_cross_attention": True}), tmp_path)
