"""What a config.json leaves out is what `transformers` assumes."""

from collections.abc import Iterator

import pytest

from cutaway.hub.families import FAMILIES
from cutaway.hub.options import Option
from support import require_module

DERIVED = {"num_key_value_heads", "head_dim", "n_positions"}
"""Options whose default is computed from others: None here."""

SIZES = ("hidden_size", "num_attention_heads", "max_position_embeddings")
"""Options that every file gives, and without which the width of rotary positions is not known."""


def options(name: str) -> Iterator[Option]:
    """The options of a family and its heads that may be left out."""
    family = FAMILIES[name]
    for option in (*family.options, *(one for head in family.heads.values() for one in head.options)):
        if isinstance(option, Option) and option.default is not ...:
            yield option


@pytest.mark.parametrize("name", FAMILIES)
def test_defaults_are_those_of_transformers(name: str) -> None:
    config = require_module("transformers").AutoConfig.for_model(name)
    ours = {option.theirs: option.default for option in options(name)}
    derived = {option for option in DERIVED if ours.get(option) is None or not hasattr(config, option)}
    assert ours, "no option has a default"
    assert {name: value for name, value in ours.items() if name not in derived} == {
        option: getattr(config, option) for option in ours if option not in derived
    }


@pytest.mark.parametrize(
    ("name", "option", "expected"),
    [("mistral", "num_key_value_heads", 8), ("qwen2", "num_key_value_heads", 32), ("qwen3", "head_dim", 128)],
)
def test_a_default_is_a_number_where_it_is_one_in_transformers(name: str, option: str, expected: int) -> None:
    given = {one.theirs: one.default for one in options(name)}
    fresh = require_module("transformers").AutoConfig.for_model(name, num_attention_heads=64)
    assert given[option] == expected == getattr(fresh, option)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_empty_config_is_read_as_the_one_that_transformers_writes_out(name: str) -> None:
    family = FAMILIES[name]
    task = next(iter(family.heads))
    whole = require_module("transformers").AutoConfig.for_model(name).to_dict()
    given = {option.theirs: option.default for option in options(name) if option.theirs in DERIVED}
    given |= {size: whole[size] for size in SIZES if size in whole}
    needed = {one.theirs for one in family.options if isinstance(one, Option) and one.default is ...}
    empty, full = ({**given, **{one: whole[one] for one in needed}}, {**whole, **given})
    read = [family.read(family.normalize(found, ()), task, "here") for found in (empty, full)]
    assert read[0] == read[1]
