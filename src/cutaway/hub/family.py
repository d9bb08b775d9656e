"""What a family of checkpoints is: its options, its weights, its heads."""

from collections.abc import Callable, Container, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from cutaway.config.explicit import explicit
from cutaway.config.head import LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.mistakes import explain
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError, nearest
from cutaway.hub.options import NOTHING, Options, merge, read_options, require_known, write_options
from cutaway.hub.weight_rules import Rule, Table

Rules = Callable[[ModelConfig], Iterable[Rule]]

TRAINING_ONLY = (
    "dropout",
    "attention.dropout",
    "feedforward.balance",
    "feedforward.balance_weight",
    "feedforward.balance_rate",
)
"""Choices that change no logit of a trained model, and that a file need not hold."""


def is_tied(c: ModelConfig) -> bool:
    """Whether the head scores tokens by the embedding's own weights."""
    return isinstance(c.head, LanguageHeadConfig) and c.head.tied


def no_rules(config: ModelConfig) -> Iterable[Rule]:
    """A part without weights."""
    return ()


def nothing_more(config: ModelConfig) -> Mapping[str, str]:
    """No tensors besides."""
    return {}


def as_it_stands(found: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """A config.json that means what it says."""
    return found


@dataclass(frozen=True)
class HeadTable:
    """What stands on top of a body for one task.

    Attributes:
        architecture: the name of their class.
        choices: ours, by dotted name, that the class implies.
        rules: of its weights, by their full names.
        options: that are of this head alone.
        repeated: as in `Table`, by full names.
        ignored: as in `Table`, by full names.
        prefix: what the names of the body's weights begin with beside this head, if it is not the family's.
    """

    architecture: str
    choices: Mapping[str, Any]
    rules: Rules = no_rules
    options: Options = ()
    repeated: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None


@dataclass(frozen=True)
class Family:
    """Checkpoints of one `model_type`.

    Attributes:
        model_type: its name in config.json.
        prefix: what the names of the body's weights begin with where a head stands beside it.
        options: of the body.
        choices: ours, by dotted name, that all of the family have in common.
        required: options that must have the one value that we implement, where they are given.
        rules: of the body's weights, without the prefix.
        heads: by the task they are for; the first is that of a file that names no class.
        also: further classes of theirs whose head is that of a task.
        unread: options that change nothing.
        renamed: endings of names in old files, and what they are now.
        ignored: as in `Table`, without the prefix.
        spare: likewise, of a model with these choices.
        repeated: as in `Table`, without the prefix: whatever the head.
        equivalent: choices of ours, by dotted name, that are written as another value which answers alike: ours
            and that one.
        by_padding: the family where the padding token has this id, if positions are counted from it.
        said: what a config.json means, given the names of the weights beside it, if it does not mean what it says.
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
    said: Callable[[Mapping[str, Any], Container[str]], Mapping[str, Any]] = as_it_stands

    def for_padding(self, token: int | None) -> "Family":
        """The family as it is where the padding token has this id, or an unknown one."""
        return self if self.by_padding is None or token is None else self.by_padding(token)

    def task(self, architecture: str | None, source: str) -> str:
        """The task that a class of theirs is for.

        Raises:
            UserError: it is none that we have.
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
        """What the names of the body's weights begin with, beside the head for a task."""
        prefix = self.heads[task].prefix or self.prefix
        return f"{prefix}." if prefix else ""

    def read(self, found: Mapping[str, Any], task: str, source: str) -> dict[str, Any]:
        """Our choices for a model, from their config.json.

        Raises:
            UserError: an option is missing, unknown, or of a value that we do not implement.
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
        """Their options for our model: as near as the family comes to it, which `unheld` tells."""
        choices = explicit(config).model_dump(mode="json")
        return {
            **{name: value for name, value in self.required.items() if value not in NOTHING},
            **write_options(choices, self.options + self.heads[task].options),
        }

    def unheld(self, config: ModelConfig, task: str) -> list[str]:
        """The choices of a model that the family cannot hold, each with what would become of it."""
        if task not in self.heads:
            return [f"a head for {task}"]
        written = self.write(config, task)
        try:
            choices = self.read(written, task, self.model_type)
            if isinstance(config.head, SequenceHeadConfig | TokenHeadConfig):
                merge(choices, "head.labels", config.head.labels)
            back = explicit(ModelConfig.model_validate(choices))
        except ValidationError as error:
            return [explain(error)]
        except UserError as error:
            return [str(error)]
        ours, theirs = explicit(config).model_dump(mode="json"), back.model_dump(mode="json")
        found = [one for one in _differences(ours, theirs) if self.equivalent.get(one[0]) != one[1:]]
        return [f"model.{name}={_shown(a)} (it has {_shown(b)})" for name, a, b in found]

    def table(self, config: ModelConfig, task: str, *, bare: bool = False) -> Table:
        """The rules for a model's weights; `bare` where the body's names have no prefix."""
        config, head = explicit(config), self.heads[task]
        prefix = "" if bare else self.start(task)
        body = [replace(rule, theirs=tuple(prefix + name for name in rule.theirs)) for rule in self.rules(config)]
        pattern = prefix.replace(".", r"\.")
        ignored = {pattern + name: what for name, what in {**self.ignored, **self.spare(config)}.items()}
        repeated = {prefix + second: prefix + first for second, first in self.repeated.items()}
        repeated |= head.repeated if is_tied(config) else {}
        if bare:
            repeated = {second: first.removeprefix(self.start(task)) for second, first in repeated.items()}
        return Table((*body, *head.rules(config)), repeated, {**ignored, **head.ignored})


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any, Any]]:
    """Choices that differ, by dotted name, but for those that matter in training alone."""
    for name, value in ours.items():
        full, other = path + name, theirs.get(name)
        if full in TRAINING_ONLY or full.replace("first_layers.", "") in TRAINING_ONLY:
            continue
        if isinstance(value, Mapping) and isinstance(other, Mapping) and value.get("kind") == other.get("kind"):
            yield from _differences(value, other, full + ".")
        elif value != other:
            yield full, value, other


def _shown(value: Any) -> Any:
    return value.get("kind", value) if isinstance(value, Mapping) else value
