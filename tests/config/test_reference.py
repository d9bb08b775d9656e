"""Every key is described, once for each default that it has, and is found by what a person calls it."""

import inspect
from collections.abc import Iterator

import pytest

from cutaway.config.reading import override
from cutaway.config.record import Record
from cutaway.config.reference import Key, all_keys, dotted_keys, find_keys, keys_in, kinds_of, records_of
from cutaway.config.run import RunConfig
from cutaway.errors import UserError


def records(record: type[Record] = RunConfig) -> Iterator[type[Record]]:
    """Every record that a run may consist of."""
    yield record
    for field in record.model_fields.values():
        for below in records_of(field.annotation):
            yield from records(below)


RECORDS = sorted(set(records()), key=lambda record: record.__name__)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_has_a_description_in_one_plain_line(record: type[Record]) -> None:
    assert inspect.getdoc(record)
    for name, field in record.model_fields.items():
        if name == "kind":  # the record says what it is
            continue
        assert field.description, f"{record.__name__}.{name} has no description"
        assert "\n" not in field.description
        assert not field.description.endswith("."), field.description
        assert "if not given" not in field.description, "none has one word"


def test_a_key_that_may_be_none_says_what_that_means() -> None:
    unsaid = {key.key for key in all_keys() if key.type.endswith("or none") and "none:" not in key.meaning}
    assert unsaid == set()


def test_all_keys_but_groups_are_listed() -> None:
    listed = {key.key for key in all_keys()}
    unlisted = {key for key in dotted_keys() if not key.endswith(".kind")} - listed
    assert unlisted == {"model", "data", "train"}
    assert len(list(dotted_keys())) == len(set(dotted_keys()))


def the(key: str, kind: str = "") -> Key:
    (found,) = [one for one in find_keys(key) if one.key == key and (not kind or kind in one.kinds)]
    return found


@pytest.mark.parametrize(
    ("key", "kind", "type_", "default"),
    [
        ("train.steps", "", "whole number above 0", "2000"),
        ("train.gradient_clip", "", "number above 0, or none", "1"),
        ("model.dropout", "", "number 0 or more and below 1", "0"),
        ("model.attention", "", "grouped or latent", "grouped"),
        ("model.residual", "", "pre, post, sandwich, res_post, parallel or parallel_norms", "pre"),
        ("model.final_norm", "", "true or false", "true"),
        ("train.frozen", "", "list of texts", "[]"),
        ("train.sample_prompt", "", "text", "''"),
        ("model.first_layers", "", "a group of keys, or none", "none"),
        ("train.optimizer.learning_rate", "train.optimizer=adamw", "number above 0", "0.001"),
        ("train.optimizer.learning_rate", "train.optimizer=muon", "number above 0", "0.02"),
        ("train.optimizer.adamw.learning_rate", "", "number above 0", "0.003"),
        ("tokenizer.path", "tokenizer=file", "text", "required"),
        ("train.device", "", "auto, cpu, gpu, cuda or mps", "auto"),
    ],
)
def test_a_key_has_a_type_and_a_default(key: str, kind: str, type_: str, default: str) -> None:
    assert (the(key, kind).type, the(key, kind).default) == (type_, default)


@pytest.mark.parametrize("key", [key for key in all_keys() if key.default != "required"], ids=lambda key: key.key)
def test_a_default_is_what_a_run_has_that_chooses_nothing_but_the_kind(key: Key) -> None:
    chosen = [key.kinds[0]] if key.kinds else []
    outer = {
        "model.embedding.ngrams": ["model.embedding.ngrams.lengths=[2, 3]"],
        "model.source_embedding.ngrams": [
            *("model.architecture=encoder_decoder", "model.source_embedding.kind=tokens"),
            "model.source_embedding.ngrams.lengths=[2, 3]",
        ],
        "model.position.scaling": ["model.position=rotary"],
        "model.first_layers": ["model.first_layers.count=1"],
        "model.other_layers": ["model.position=rotary", "model.other_layers.layers=[0]"],
        "model.other_layers.position": ["model.other_layers.position=rotary"],
        "train.optimizer.adamw": ["train.optimizer=muon"],
        "source_tokenizer": ["source_tokenizer=word"],
    }
    needed = [a for group, choices in outer.items() if key.group.startswith(group) for a in choices]
    if key.group == "model.source_embedding":
        needed += ["model.architecture=encoder_decoder", *(chosen or ["model.source_embedding=patches"])]
    if key.key.startswith("model.embedding") and "tokens" not in str(chosen):
        needed += ["model.architecture=encoder", "model.head=sequence"]
    if "shortest_path" in str(chosen):
        needed += ["model.architecture=encoder"]
    if "scaling" in str(chosen):
        group = key.group.partition(".scaling")[0]
        factors = "[1, 1]" if "longrope" in str(chosen) else "2"
        names = ("short", "long") if "longrope" in str(chosen) else ("factor",)
        chosen += [f"{group}.scaling.{name}={factors}" for name in names]
    if "file" in str(chosen):
        return  # its only key is required
    tree = override(RunConfig(), [*needed, *chosen]).model_dump(mode="json")
    assert key.key in set(keys_in(tree))
    value = tree
    for part in key.key.split("."):
        value = value[part]
    if isinstance(value, dict):
        assert value.get("kind") == key.default
    elif isinstance(value, list):
        assert key.default == str(value)
    elif value is None or isinstance(value, bool):
        assert key.default == str(value).lower()
    elif isinstance(value, str):
        assert key.default == (value or "''")
    else:
        assert float(key.default) == value


def test_a_key_says_for_which_kinds_it_is() -> None:
    assert the("model.attention.kv_heads").kinds == ("model.attention=grouped",)
    assert the("model.attention.heads").kinds == ()
    assert the("model.head.labels").kinds == ("model.head=sequence", "model.head=token")
    assert the("model.position.scaling").kinds == ("model.position=rotary",)
    assert kinds_of("train.optimizer") == ["adamw", "muon"]
    assert kinds_of("model.attention", "kv_heads") == ["grouped"]
    assert kinds_of("train.steps") == []


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        ("train.steps", {"train.steps"}),
        ("train.batch-size", {"train.batch_size"}),
        ("BATCH_SIZE", {"train.batch_size"}),
        ("steps", {"train.steps"}),
        ("dropout", {"model.dropout", "model.attention.dropout"}),
        ("n_embd", {"model.width"}),
        ("schedule", {key.key for key in all_keys() if key.key.startswith("train.schedule")}),
        ("model.attention.kind", {key.key for key in all_keys() if key.key.startswith("model.attention")}),
        ("train", {key.key for key in all_keys() if key.key.startswith("train.")}),
    ],
)
def test_keys_are_found(word: str, keys: set[str]) -> None:
    assert {key.key for key in find_keys(word)} == keys


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("train.stps", "there is no key 'train.stps'; did you mean 'train.steps'?"),
        ("stps", "there is no key 'stps'; did you mean 'train.steps'?"),
        ("n_layr", "there is no key 'n_layr'; did you mean 'model.layers'?"),
        ("min_lr", "write train.schedule.floor=LOWEST/PEAK"),
    ],
)
def test_what_is_no_key_is_told_with_the_nearest(word: str, line: str) -> None:
    with pytest.raises(UserError) as error:
        find_keys(word)
    assert line in str(error.value)
