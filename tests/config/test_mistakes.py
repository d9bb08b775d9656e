"""A misspelt key or value is told, with the nearest one that exists."""

from collections.abc import Iterator
from random import Random
from typing import Any, get_args, get_origin

import pytest

from cutaway.config.reading import load_preset, override
from cutaway.config.record import Record
from cutaway.config.reference import dotted_keys
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS, TaskConfig, task_record
from cutaway.errors import UserError


def complaint(*assignments: str) -> str:
    with pytest.raises(UserError) as error:
        override(RunConfig(), assignments)
    assert "\n" not in str(error.value)
    return str(error.value)


def fields(
    record: type[Record] = RunConfig, path: str = "", kinds: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every dotted key, with the assignments that choose the kinds it belongs to and give what they need."""
    for name, field in record.model_fields.items():
        key = f"{path}{name}"
        yield key, kinds
        below = [one for one in parts(field.annotation) if isinstance(one, type) and issubclass(one, Record)]
        for one in below:
            kind = one.model_fields.get("kind")
            chosen = [f"{key}.kind={kind.default}"] if kind and len(below) > 1 else []
            values = {word: "[1]" if get_origin(each.annotation) is tuple else "1" for word, each in required(one)}
            needed = [f"{key}.{word}={value}" for word, value in values.items()]
            yield from fields(one, f"{key}.", (*kinds, *chosen, *needed))


def required(record: type[Record]) -> list[tuple[str, Any]]:
    return [(word, field) for word, field in record.model_fields.items() if field.is_required()]


def parts(annotation: Any) -> list[Any]:
    """All types that an annotation is made of; a task may be of any kind."""
    if annotation is TaskConfig:
        return [task_record(kind) for kind in KINDS]
    return [annotation, *(one for part in get_args(annotation) for one in parts(part))]


KEYS = [(key, kinds) for key, kinds in fields() if not key.endswith("kind")]


def test_these_are_all_keys() -> None:
    assert {key for key, _ in fields()} == set(dotted_keys())
    assert len(KEYS) > 80


def misspelt(word: str) -> Iterator[str]:
    """One letter is left out, or doubled, or changes places with the one behind it."""
    letters = word.rstrip("0123456789")  # a missing digit fits every sibling alike
    for i in range(len(letters)):
        yield word[:i] + word[i + 1 :]
        yield word[: i + 1] + word[i:]
        if i + 1 < len(letters):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


@pytest.mark.parametrize(("key", "kinds"), KEYS, ids=[f"{key} {' '.join(kinds)}" for key, kinds in KEYS])
def test_a_misspelt_key_is_told_with_the_nearest(key: str, kinds: tuple[str, ...]) -> None:
    parent, dot, name = key.rpartition(".")
    names = {one.rpartition(".")[2] for one in dotted_keys()}  # such a word is told where it belongs
    names.add("haead")  # it lacks less of head than of ahead
    wrong = sorted(set(misspelt(name)) - names)
    for word in (parent + dot + word for word in Random(key).sample(wrong, min(8, len(wrong)))):
        line = complaint(*kinds, f"{word}=1")
        assert line.startswith(f"there is no {word!r}; did you mean"), line
        assert repr(key) in line, line


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("stepps=3", "there is no 'stepps'; did you mean 'train.steps'?"),
        ("xyzzyxyzzy=3", "there is no 'xyzzyxyzzy'; known: data, model, origin"),
        ("data.steps=3", "there is no 'data.steps'; did you mean 'train.steps'?"),
        ("model.learning_rate=3", "did you mean 'train.optimizer.learning_rate'?"),
        ("model.position.heads=3", "there is no 'model.position.heads'; did you mean 'model.attention.heads'?"),
        (
            "model.position.base=3",
            "'model.position.base' is for model.position=sinusoidal or rotary, but another is chosen",
        ),
        (
            "model.source_embedding.patch=4",
            "model.source_embedding needs a kind: write model.source_embedding.kind=tokens or",
        ),
        ("modle.width=3", "there is no 'modle'; did you mean 'model'?"),
        ("train.xyzzyxyzzy=3", "there is no 'train.xyzzyxyzzy'; known: train."),
        ("model.position=rotery", "model.position has no kind 'rotery'; did you mean 'rotary'?"),
        ("model.position.kind=xyzzy", "known: none, sinusoidal, learned, rotary, alibi, relative"),
        ("model.residual=pots", "model.residual cannot be 'pots'; did you mean 'post'?"),
        ("train.device=cuda:1", "train.device cannot be 'cuda:1'; did you mean 'cuda'?"),
        ("train.steps=many", "train.steps cannot be 'many': input should be a valid integer"),
        ("train.frozen=3", "train.frozen cannot be 3: write a list, such as train.frozen=[1,2]"),
        ("train.steps=2.5", "train.steps cannot be 2.5: input should be a valid integer"),
        ("train.steps=0", "train.steps cannot be 0: input should be greater than 0"),
        ("data.validation=1", "data.validation cannot be 1: input should be less than 1"),
        ("model.attention.dropout=1", "model.attention.dropout cannot be 1"),
        ("train.gradient_accumulation=3", "batch_size 32 cannot be divided into 3 equal micro-batches"),
        ("model.width=130", "width 130 is not divisible by 4 heads: change model.width or model.attention.heads"),
        ("model.attention.kv_heads=3", "3 kv_heads do not divide 4 heads: change model.attention.kv_heads"),
    ],
)
def test_a_mistake_is_told_in_one_line(assignment: str, line: str) -> None:
    assert line in complaint(assignment)


def test_rotary_positions_need_an_even_head() -> None:
    line = complaint("model.width=12", "model.position=rotary")
    assert "rotary positions rotate pairs, but a head is 3 wide" in line


def test_inclusive_waves_need_two_frequencies() -> None:
    choices = ("model.position=sinusoidal", "model.position.inclusive=true", "model.attention.heads=1")
    assert (
        complaint("model.width=3", *choices) == "model.position.inclusive needs a model.width of at least 4: raise it"
    )
    assert override(RunConfig(), ["model.width=4", *choices]).model.position.inclusive


def test_the_rotary_part_of_latent_attention_is_even_too() -> None:
    line = complaint("model.attention=latent", "model.position=rotary", "model.attention.rotary_width=7")
    assert line == "model.attention.rotary_width cannot be 7: input should be a multiple of 2"
    odd = override(RunConfig(), ["model.width=12", "model.attention=latent", "model.position=rotary"]).model
    assert odd.width // odd.attention.heads == 3, "what is not rotated needs no pairs"


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no preset is called 'gpt-naon'; did you mean 'gpt-nano'"):
        load_preset("gpt-naon")
