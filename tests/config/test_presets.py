"""The presets are the models that they are named after."""

import pytest
import torch

from cutaway.config.reading import load_preset, override, presets
from cutaway.model.build import build
from cutaway.model.transformer import DecoderOnly


def model(name: str, *choices: str) -> DecoderOnly:
    """The preset's shape, without memory for its weights."""
    with torch.device("meta"):
        return build(override(load_preset(name), choices).model)


def parameters(name: str, *choices: str) -> int:
    return sum(weight.numel() for weight in model(name, *choices).parameters())


def test_gpt_nano_is_small() -> None:
    assert 700_000 < parameters("gpt-nano", "model.vocabulary=65") <= 810_000


def test_gpt_micro_is_as_large_as_nanogpt_s() -> None:
    blocks = 6 * (12 * 384 * 384 + 2 * 384)  # matrices and norm weights of a layer
    assert parameters("gpt-micro", "model.vocabulary=65") == blocks + 384 + (65 + 256) * 384
    assert round((blocks + 384 + 65 * 384) / 1e6, 2) == 10.65, "as it counts: without positions"


def test_gpt2_small_is_as_large_as_gpt2() -> None:
    biases = 12 * (4 * 768 + 5 * 768 + 2 * 768) + 768  # of attention, feed-forward and norms
    matrices = 12 * (12 * 768 * 768 + 2 * 768) + 768
    assert parameters("gpt2-small", "model.vocabulary=50257") == matrices + biases + (50257 + 1024) * 768 == 124_439_808


def test_the_lectures_model_is_built_as_described() -> None:
    assert load_preset("mini-transformer").model.vocabulary == 1000
    assert parameters("mini-transformer") == 228_968


def test_the_lectures_language_model_is_built_as_described() -> None:
    assert load_preset("mini-transformer-lm").model.vocabulary == 50
    attention, feedforward, norms = 4 * (16 * 16 + 16), 16 * 64 + 64 + 64 * 16 + 16, 2 * 2 * 16
    assert parameters("mini-transformer-lm") == 2 * (attention + feedforward + norms) + 50 * 16 + 50


def test_llama_nano_has_no_bias_and_shares_key_value_heads() -> None:
    names = [name for name, _ in model("llama-nano", "model.vocabulary=65").named_parameters()]
    assert not [name for name in names if name.endswith("bias")]
    attention = load_preset("llama-nano").model.attention
    assert attention.kv_heads is not None
    assert attention.kv_heads < attention.heads


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_what_it_is(name: str) -> None:
    assert load_preset(name).preset == name
