"""Reading a run's choices from YAML, presets and dotted assignments."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cutaway.config.mistakes import explain
from cutaway.config.other_names import exact_key, pretrained_model, value_meant
from cutaway.config.reference import dotted_keys, keys_in, kinds_of
from cutaway.config.renamed import current_key, with_current_keys
from cutaway.config.run import RunConfig
from cutaway.config.task import named_task
from cutaway.config.train import TrainConfig
from cutaway.errors import UserError, closest, nearest

MOST_VALUES = 10_000
MOST_LEVELS = 32
"""Of a run file."""
STEPS, EPOCHS = "train.steps", "train.epochs"
BATCH_SIZE, BATCH_TOKENS = "train.batch_size", "train.batch_tokens"
EXCLUSIVE = ((STEPS, EPOCHS, "length of the run"), (BATCH_SIZE, BATCH_TOKENS, "size of a batch"))
"""Keys of which the second counts where it is set, and what both are about."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars: `1e-3` is a number, and `no` and `on` are strings (which boolean fields accept)."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9][0-9_]*$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def presets() -> list[str]:
    """Names of the presets."""
    folder = resources.files("cutaway.config") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


@dataclass(frozen=True)
class Preset:
    """What a preset says of itself.

    Attributes:
        name: its name.
        about: one line.
        parameters: the number of parameters; with 65 characters, two labels, or images of 14 × 14 patches in colour,
            where the data determines them.
        config: its choices.
    """

    name: str
    about: str
    parameters: int
    config: RunConfig


def describe_preset(name: str) -> Preset:
    """What a preset says of itself, and its choices; its name may be in upper or lower case.

    Raises:
        UserError: there is none of this name.
    """
    given = _parse(_preset_file(name), f"preset {name}")
    about, parameters = given.pop("about"), given.pop("parameters")
    return Preset(name.lower(), about, parameters, validate({"preset": name.lower(), **given}))


def load_preset(name: str) -> RunConfig:
    """Reads a preset; its name may be in upper or lower case.

    Raises:
        UserError: there is none of this name.
    """
    return describe_preset(name).config


def preset_text(name: str) -> str:
    """A preset as a run file, with its comments: `load_run` reads the same choices from it, without a preset's name.

    Raises:
        UserError: there is none of this name.
    """
    preset = describe_preset(name)
    lines = [line for line in _preset_file(name).splitlines() if not line.startswith(("about:", "parameters:"))]
    return "\n".join([f"# {preset.about}", f"# Parameters: {preset.parameters:,}", *lines, ""])


def read_config(name: str | Path) -> RunConfig:
    """Reads a preset, in upper or lower case, or a run file, whose name ends in .yaml or .yml.

    Raises:
        UserError: there is no such preset or file, or it has an invalid key or value, or two that exclude each other.
    """
    if not is_run_file(name):
        return load_preset(str(name))
    config = load_run(Path(name))
    _refuse_both(_parse(Path(name).read_text(encoding="utf-8"), str(name)).get("train"), Path(name))
    return config


def is_run_file(name: str | Path) -> bool:
    """Whether this is the path of a run file, and not the name of a preset."""
    return str(name).endswith((".yaml", ".yml"))


def _preset_file(name: str) -> str:
    if name.lower() not in presets():
        raise UserError(f"no preset is called {name!r}; {_meant_by(name)}")
    return (resources.files("cutaway.config") / "presets" / f"{name.lower()}.yaml").read_text(encoding="utf-8")


def _meant_by(name: str) -> str:
    """The presets that are nearest to a name, and how to fine-tune a pretrained model if it looks like one."""
    model = pretrained_model(name)
    if model is None:
        return nearest(name, presets())
    if "/" in name or not closest(name, presets()):
        return f"to fine-tune a pretrained model, write --from {model}"
    return f"{nearest(name, presets())} To fine-tune a pretrained model, write --from {model}"


def load_run(path: Path) -> RunConfig:
    """Reads a run file.

    Raises:
        UserError: it cannot be read, is not YAML, or contains invalid keys or values.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    given = _parse(text, str(path))
    if not isinstance(given, dict):
        raise UserError(f"{path} is not a run file: it has no keys such as model: or train:")
    return validate(given)


def _refuse_both(train: Any, path: Path) -> None:
    """Rejects two keys that exclude each other, except in a file that `dump_run` wrote, which has all keys.

    Raises:
        UserError: both are set.
    """
    if not isinstance(train, dict) or train.keys() >= TrainConfig.model_fields.keys():
        return
    for first, second, what in EXCLUSIVE:
        names = [key.removeprefix("train.") for key in (first, second)]
        if all(train.get(name) not in (None, "none") for name in names):
            raise UserError(f"{path}: {first} and {second} both set the {what}: give one of them")


def replaced_choices(before: RunConfig, after: RunConfig) -> list[str]:
    """Says which choices were dropped because another one was given that excludes them."""
    notes = []
    for first, second, _ in EXCLUSIVE:
        given, dropped = first.removeprefix("train."), second.removeprefix("train.")
        old = getattr(before.train, dropped)
        if old is not None and getattr(after.train, dropped) is None:
            notes.append(f"{first}={getattr(after.train, given)} replaces {second}={old:g}")
    return notes


def dump_run(config: RunConfig) -> str:
    """Writes all choices, including defaults, as YAML that `load_run` reads."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def override(config: RunConfig, assignments: Sequence[str]) -> RunConfig:
    """Changes choices, each given as ``train.steps=200``.

    A last part that only one key has (``steps=200``) and the names of other libraries (``n_layer=4``) mean that key.
    Another kind (``model.position=alibi`` or ``model.position.kind=alibi``) resets the other keys of that choice. The
    order does not matter: kinds are applied first. Giving steps replaces epochs, and giving a batch size in examples
    replaces one in tokens.

    Raises:
        UserError: an assignment has no `=`, a key or value does not exist, or both steps and epochs, or both sizes of
            a batch, are given.
    """
    tree = config.model_dump(mode="json")
    changes = _changes(config, assignments)
    changed = dict(changes)
    for first, second, what in EXCLUSIVE:
        if first in changed and changed.get(second) not in (None, "none"):
            raise UserError(f"{first} and {second} both set the {what}: give one of them")
    if STEPS in changed:
        changes.append((EPOCHS, None))
    if BATCH_SIZE in changed and BATCH_TOKENS not in changed:
        changes.append((BATCH_TOKENS, None))
    for path, value in sorted(changes, key=lambda change: change[0].removesuffix(".kind").count(".")):
        if not _choose_kind(tree, path, value):
            _assign(tree, path, value)
    return validate(tree)


def changed_keys(config: RunConfig, assignments: Sequence[str]) -> list[str]:
    """The exact key of each assignment: ``model.layers`` for ``layers=4`` and for ``n_layer=4``.

    Raises:
        UserError: an assignment has no `=`, or its key may mean several or is chosen otherwise; says what to write.
    """
    return [key for key, _ in _changes(config, assignments)]


def validate(given: Mapping[str, Any]) -> RunConfig:
    """Validates a run's choices.

    Raises:
        UserError: the first error, with the nearest valid key or value.
    """
    try:
        return RunConfig.model_validate(with_current_keys(given))
    except ValidationError as error:
        raise UserError(explain(error)) from None


def _changes(config: RunConfig, assignments: Sequence[str]) -> list[tuple[str, Any]]:
    """Exact keys and values. Of several keys with a name, the one is meant that exists with the kinds after them."""
    tree = config.model_dump(mode="json")
    known = {*dotted_keys(), *_paths(tree)}
    given = [_split(assignment) for assignment in assignments]
    for key, value in given:
        if key in known:
            _choose_kind(tree, key, value_meant(key, value))  # keys before it may be of this kind
    changes = []
    for word, value in given:
        key = exact_key(word, known, set(keys_in(tree)))
        changes.append((key, _value(key, value, tree)))
        _choose_kind(tree, *changes[-1])
    return changes


def _split(assignment: str) -> tuple[str, Any]:
    key, equals, text = assignment.partition("=")
    if not equals:
        raise UserError(f"{assignment!r} changes nothing: write it as key=value, such as train.steps=200")
    return current_key(key.strip().replace("-", "_")), _parse(text, assignment)


def _value(key: str, value: Any, tree: dict[str, Any]) -> Any:
    """The value that is meant; which classification task is meant depends on what the model reads."""
    if key not in ("task", "task.kind") or not isinstance(value, str):
        return value_meant(key, value)
    read = tree["model"].get("source_embedding") or tree["model"]["embedding"]
    try:
        return named_task(value, read.get("kind"), tree["model"]["position"].get("kind"))[0]
    except KeyError:  # validation names the nearest
        return value


def _choose_kind(tree: dict[str, Any], key: str, value: Any) -> bool:
    """Chooses the kind of a group if that is what a key and a value mean; returns whether it is."""
    group = key.removesuffix(".kind")
    if isinstance(value, str) and (kinds := kinds_of(group)) and (value in kinds or value.lower() != "none"):
        _assign(tree, f"{group}.kind", value)
        return True
    return False


def _paths(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The dotted names of all branches and leaves."""
    for name, value in tree.items():
        yield path + name
        if isinstance(value, Mapping):
            yield from _paths(value, f"{path}{name}.")


def _assign(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.removesuffix(".kind").split(".")
    for i, name in enumerate(parents):
        if tree.get(name) is None:
            tree[name] = {}
        branch = tree[name]
        if not isinstance(branch, dict):
            raise UserError(f"{'.'.join(parents[: i + 1])} is a single value: it has no keys")
        tree = branch
    old = tree.get(last)
    names_kind = path.endswith(".kind") or (isinstance(old, dict) and "kind" in old and isinstance(value, str))
    if not names_kind:
        tree[last] = value
    elif not isinstance(old, dict) or old.get("kind") != value:
        tree[last] = {"kind": value}


def _parse(text: str, where: str) -> Any:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if _count(node, {}, MOST_LEVELS) > MOST_VALUES:
            raise UserError(f"{where} has more than {MOST_VALUES:,} keys and values, counting repeated aliases")
        return None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{where}{line} is not YAML: {getattr(error, 'problem', error)}") from None
    except RecursionError:
        raise UserError(f"{where} is nested too deeply: there are at most {MOST_LEVELS} levels") from None
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # a number of 5,000 digits, !!bool maybe
        raise UserError(f"{where} is not YAML: {str(error)[:200]}") from None


def _count(node: yaml.Node | None, known: dict[int, int], levels: int) -> int:
    """The number of values below a node, with those of each alias, which may be exponentially many.

    Raises:
        RecursionError: it has too many levels, or contains itself.
    """
    if not levels:
        raise RecursionError
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in known:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_count(part, known, levels - 1) for part in parts)
    return known[id(node)]
