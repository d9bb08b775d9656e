"""Layers of two kinds in config.json, as each family says it, and as choices of ours."""

from typing import Any

import pytest

from cutaway.config.explicit import explicit
from cutaway.config.layers import layer
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.hub.layer_types import FULL, SLIDING, Layer, read_layers, repeated_types, write_windows, written_layers

SIZES = {
    "vocab_size": 37,
    "max_position_embeddings": 64,
    "hidden_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "hidden_act": "silu",
}
WINDOW = {"use_sliding_window": True, "sliding_window": 8}
TASK = "language_modeling"


def model(**said: Any) -> ModelConfig:
    """Our choices for these options of Qwen 2."""
    return ModelConfig.model_validate(FAMILIES["qwen2"].read(SIZES | said, TASK, "config.json"))


def windows(config: ModelConfig) -> list[int | None]:
    """The window of each layer."""
    return [layer(config, i).attention.window for i in range(config.layers)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, [None, None, None]),
        ({"max_window_layers": 1}, [None, None, None]),
        ({**WINDOW, "use_sliding_window": False, "max_window_layers": 0}, [None, None, None]),
        ({**WINDOW, "sliding_window": None, "max_window_layers": 0}, [None, None, None]),
        ({**WINDOW, "max_window_layers": 0}, [8, 8, 8]),
        ({**WINDOW, "max_window_layers": 1}, [None, 8, 8]),
        ({**WINDOW, "max_window_layers": 2}, [None, None, 8]),
        ({**WINDOW, "max_window_layers": 28}, [None, None, None]),
        ({**WINDOW, "layer_types": [SLIDING, FULL, SLIDING], "max_window_layers": 2}, [8, None, 8]),
        ({"layer_types": [FULL] * 3}, [None, None, None]),
    ],
    ids=str,
)
def test_each_layer_has_the_window_that_is_said(said: dict[str, Any], expected: list[int | None]) -> None:
    config = model(**said)
    assert windows(config) == expected
    back = FAMILIES["qwen2"].write(config, TASK)
    assert windows(model(**back)) == expected
    assert FAMILIES["qwen2"].unheld(config, TASK) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({**WINDOW, "layer_types": [FULL, SLIDING]}, "layer_types has 2 entries for 3 layers"),
        ({**WINDOW, "layer_types": [FULL, "chunked_attention", FULL]}, "chunked_attention is not implemented"),
        ({"layer_types": [FULL, SLIDING, FULL]}, "sliding_attention needs sliding_window"),
    ],
    ids=str,
)
def test_layers_that_cannot_be_are_refused_by_name(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=rf"layer_types=.*which cutaway does not have: {reason}"):
        model(**said)


def test_a_family_with_one_window_refuses_layer_types() -> None:
    with pytest.raises(UserError, match=r"asks for layer_types=.*which cutaway does not implement"):
        FAMILIES["mistral"].read(SIZES | {"layer_types": [FULL, SLIDING, FULL]}, TASK, "config.json")


@pytest.mark.parametrize("number", range(8))
def test_reading_undoes_writing(number: int) -> None:
    rotary = [{"kind": "rotary", "base": base} for base in (50.0, 70.0)]
    kinds = [Layer(9, rotary[0]), Layer(None, rotary[number % 2])]
    layers = [kinds[number >> i & 1] for i in range(3)]
    choices = read_layers(layers)
    flat = {
        "layers": 3,
        "attention": {"window": choices["attention.window"]},
        "position": choices["position"],
        "other_layers": choices.get("other_layers"),
    }
    assert written_layers(flat) == layers


def test_layers_of_three_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="of 3 kinds"):
        read_layers([Layer(None), Layer(7), Layer(8)])


def test_two_windows_are_not_written_as_one() -> None:
    with pytest.raises(ValueError, match=r"\[7, 8\], and files have one"):
        write_windows([Layer(7), Layer(8)])
    config = model(**WINDOW, layer_types=[SLIDING, FULL, FULL])
    other = {"layers": [0], "window": 7}
    both = ModelConfig.model_validate(
        config.model_dump() | {"attention": config.attention.model_dump() | {"window": 8}, "other_layers": other}
    )
    assert any("window=" in one for one in FAMILIES["qwen2"].unheld(both, TASK))


def test_the_last_of_each_period_is_full() -> None:
    assert repeated_types(3, 7) == [SLIDING, SLIDING, FULL, SLIDING, SLIDING, FULL, SLIDING]
    assert repeated_types(1, 2) == [FULL, FULL]


@pytest.mark.parametrize("position", [{"kind": "none"}, {"kind": "rotary", "base": 50.0}, None], ids=str)
@pytest.mark.parametrize("numbers", [(0,), (1, 2), (0, 2), (1,)], ids=str)
def test_either_kind_of_layers_can_be_called_the_others(
    numbers: tuple[int, ...], position: dict[str, Any] | None
) -> None:
    usual, own = {"kind": "rotary", "base": 70.0}, position or {"kind": "rotary", "base": 70.0}
    rest = [i for i in range(3) if i not in numbers]
    same = {"width": 24, "layers": 3}
    one = same | {"position": usual, "other_layers": {"layers": numbers, "window": 5, "position": position}}
    other = same | {"position": own, "attention": {"window": 5}, "other_layers": {"layers": rest, "position": usual}}
    configs = [ModelConfig.model_validate(given) for given in (one, other)]
    assert explicit(configs[0]) == explicit(configs[1])
    for config in configs:
        for i in range(3):
            assert explicit(layer(explicit(config), i)) == explicit(layer(config, i))


def test_other_layers_that_do_not_differ_are_not_there() -> None:
    given = {"width": 24, "layers": 3, "position": {"kind": "rotary", "base": 70.0, "rotary_width": 6}}
    others: list[dict[str, Any]] = [
        {"layers": [1]},
        {"layers": [0], "position": {"kind": "rotary", "base": 70.0}},
        {"layers": [0, 1, 2], "position": {"kind": "rotary", "base": 70.0}},
    ]
    plain = explicit(ModelConfig.model_validate(given))
    for other in others:
        assert explicit(ModelConfig.model_validate(given | {"other_layers": other})) == plain
    windowed = ModelConfig.model_validate(given | {"other_layers": {"layers": [0, 1, 2], "window": 4}})
    assert explicit(windowed) == plain.model_copy(
        update={"attention": plain.attention.model_copy(update={"window": 4})}
    )
