"""The description of a family of checkpoints: options, weights, heads."""

from collections.abc import Callable, Container, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from cutaway.config.explicit import explicit
from cutaway.config.head import EmbeddingHeadConfig, LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.mistakes import explain
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError, nearest
from cutaway.hub.options import NOTHING, Options, merge, read_options, require_known, write_options
from cutaway.hub.pooling import held_by_modules
from cutaway.hub.weight_rules import Rule, Table

Rules = Callable[[ModelConfig], Iterable[Rule]]

TRAINING_ONLY = (
    "dropout",
    "attention.dropout",
    "feedforward.balance",
    "feedforward.balance_weight",
    "feedforward.balance_rate",
)
"""Choices that do not change the logits of a trained model, and that files need not contain."""


def is_tied(c: ModelConfig) -> bool:
    """Whether the head shares the weights of the embedding."""
    return isinstance(c.head, LanguageHeadConfig) and c.head.tied


def no_rules(config: ModelConfig) -> Iterable[Rule]:
    """No weights."""
    return ()


def nothing_more(config: ModelConfig) -> Mapping[str, str]:
    """No further tensors."""
    return {}


def as_it_stands(found: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """A config.json that needs no correction."""
    return found


@dataclass(frozen=True)
class HeadTable:
    """The head of a family for one task.

    Attributes:
        architecture: the name of its class.
        choices: ours, by dotted name, that the class implies.
        rules: of its weights, by full names.
        options: of this head only.
        repeated: as in `Table`, by full names.
        ignored: as in `Table`, by full names.
        stand_ins: as in `Table`, by full names, if the head does not share the weights of the embedding.
        prefix: of the names of the body's weights with this head, if it differs from the family's.
        equivalent: as in `Family`, for this head.
    """

    architecture: str
    choices: Mapping[str, Any]
    rules: Rules = no_rules
    options: Options = ()
    repeated: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None
    equivalent: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """Checkpoints of one `model_type`.

    Attributes:
        model_type: its name in config.json.
        prefix: of the names of the body's weights in files with a head.
        options: of the body.
        choices: ours, by dotted name, of all models of the family.
        required: options that must have the one value that is implemented, if they are given.
        rules: of the body's weights, without the prefix.
        heads: by task; the first is that of a file that names no class.
        also: further classes with the head of a task.
        unread: options without effect.
        renamed: from endings of names in old files to the current ones.
        ignored: as in `Table`, without the prefix.
        spare: likewise, depending on the choices.
        repeated: as in `Table`, without the prefix, for all heads.
        equivalent: choices of ours, by dotted name, that are written as another value with the same logits: ours and
            that one.
        by_padding: the family for a padding token with this id, if positions start after it.
        normalize: corrects a config.json, given the names of the weights, if its options are not to be taken literally.
    """

    model_type: str
    prefix: str
    options: Options
    choices: Mapping[str, Any]
    required: Mapping[str, Any]
    rules: Rules
    heads: Mapping[str, HeadTable]
    also: Mapping[str, str] = field(default_factory=dict)
    unread: Set[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    spare: Callable[[ModelConfig], Mapping[str, str]] = nothing_more
    repeated: Mapping[str, str] = field(default_factory=dict)
    equivalent: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    by_padding: Callable[[int], "Family"] | None = None
    normalize: Callable[[Mapping[str, Any], Container[str]], Mapping[str, Any]] = as_it_stands

    def for_padding(self, token: int | None) -> "Family":
        """The family for a padding token with this id, or an unknown one."""
        return self if self.by_padding is None or token is None else self.by_padding(token)

    def task(self, architecture: str | None, source: str) -> str:
        """The task of a class.

        Raises:
            UserError: it is not one of the family's.
        """
        known = {head.architecture: task for task, head in self.heads.items()} | dict(self.also)
        if architecture is None:
            return next(iter(self.heads))
        if architecture not in known:
            raise UserError(
                f"{source} is for {architecture}, which cutaway does not have; {nearest(architecture, known)}"
            )
        return known[architecture]

    def start(self, task: str) -> str:
        """The prefix of the names of the body's weights, with the head for a task."""
        prefix = self.heads[task].prefix or self.prefix
        return f"{prefix}." if prefix else ""

    def read(self, found: Mapping[str, Any], task: str, source: str) -> dict[str, Any]:
        """Our choices for a model, from its config.json.

        Raises:
            UserError: an option is missing, unknown, or has a value that is not implemented.
        """
        head = self.heads[task]
        options = self.options + head.options
        require_known(found, options, self.required, self.unread, source)
        choices: dict[str, Any] = {}
        for path, value in {**self.choices, **head.choices}.items():
            merge(choices, path, value)
        for path, value in read_options(found, options, source).items():
            merge(choices, path, value)
        return choices

    def write(self, config: ModelConfig, task: str) -> dict[str, Any]:
        """The options for a model of ours, as close as the family comes; `unheld` lists the differences."""
        choices = explicit(config).model_dump(mode="json")
        return {
            **{name: value for name, value in self.required.items() if value not in NOTHING},
            **write_options(choices, self.options + self.heads[task].options),
        }

    def unheld(self, config: ModelConfig, task: str) -> list[str]:
        """The choices of a model that the family cannot represent, each with the value that it would have.

        Raises:
            UserError: what is written for the model cannot be read back, so that they are unknown.
        """
        if task not in self.heads:
            return [f"a head for {task}"]
        known = {**self.equivalent, **self.heads[task].equivalent}
        found = [one for one in self._changed(config, task) if known.get(one[0]) != one[1:]]
        return [f"model.{name}={_shown(a)} (it has {_shown(b)})" for name, a, b in found]

    def equivalents(self, config: ModelConfig, task: str) -> int:
        """The number of choices of a model without unheld ones that are written as others with the same logits."""
        return len(list(self._changed(config, task)))

    def _changed(self, config: ModelConfig, task: str) -> Iterable[tuple[str, Any, Any]]:
        """The choices that are others after a model is written and read back: name, before, after."""
        written = self.write(config, task)
        try:
            choices = self.read(written, task, self.model_type)
            if isinstance(config.head, SequenceHeadConfig | TokenHeadConfig):
                merge(choices, "head.labels", config.head.labels)
            if isinstance(config.head, EmbeddingHeadConfig):
                merge(choices, "head", held_by_modules(config.head))
            back = explicit(ModelConfig.model_validate(choices))
        except ValidationError as error:
            raise UserError(explain(error)) from None
        ours, theirs = explicit(config).model_dump(mode="json"), back.model_dump(mode="json")
        if config.embedding.kind == "patches":
            ours["context"] = theirs["context"]  # images have as many patches as they have
        return _differences(ours, theirs)

    def distance(self, config: ModelConfig) -> int:
        """The number of choices that all models of the family share and this one does not, nor an equivalent."""
        ours = explicit(config).model_dump(mode="json")
        differing = {path: (_at(ours, path), value) for path, value in self.choices.items() if _at(ours, path) != value}
        return sum(self.equivalent.get(path) != pair for path, pair in differing.items())

    def table(self, config: ModelConfig, task: str, *, bare: bool = False) -> Table:
        """The rules of a model's weights; `bare` if the body's names have no prefix."""
        config, head = explicit(config), self.heads[task]
        prefix = "" if bare else self.start(task)
        body = [replace(rule, theirs=tuple(prefix + name for name in rule.theirs)) for rule in self.rules(config)]
        pattern = prefix.replace(".", r"\.")
        ignored = {pattern + name: what for name, what in {**self.ignored, **self.spare(config)}.items()}
        repeated = {prefix + second: prefix + first for second, first in self.repeated.items()}
        repeated |= head.repeated if is_tied(config) else {}
        if bare:
            repeated = {second: first.removeprefix(self.start(task)) for second, first in repeated.items()}
        stand_ins = {} if is_tied(config) else head.stand_ins
        return Table((*body, *head.rules(config)), repeated, {**ignored, **head.ignored}, stand_ins)


def _at(tree: Any, path: str) -> Any:
    """The value of a dotted name, or None if there is none."""
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any, Any]]:
    """Choices that differ, by dotted name, except those that matter in training only."""
    for name, value in ours.items():
        full, other = path + name, theirs.get(name)
        if full.replace("first_layers.", "") in TRAINING_ONLY:
            continue
        if isinstance(value, Mapping) and isinstance(other, Mapping) and value.get("kind") == other.get("kind"):
            yield from _differences(value, other, full + ".")
        elif value != other:
            yield full, value, other


def _shown(value: Any) -> Any:
    return value.get("kind", value) if isinstance(value, Mapping) else value
