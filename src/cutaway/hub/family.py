"""What a family of checkpoints is: its options, its weights, its heads."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from cutaway.config.explicit import explicit
from cutaway.config.head import LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.mistakes import explain
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError, nearest
from cutaway.hub.options import NOTHING, Option, merge, read_options, require_known, write_options
from cutaway.hub.weights import Rule, Table

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
    """

    architecture: str
    choices: Mapping[str, Any]
    rules: Rules = no_rules
    options: tuple[Option, ...] = ()
    repeated: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)


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
    """

    model_type: str
    prefix: str
    options: tuple[Option, ...]
    choices: Mapping[str, Any]
    required: Mapping[str, Any]
    rules: Rules
    heads: Mapping[str, HeadTable]
    also: Mapping[str, str] = field(default_factory=dict)
    unread: Set[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)

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
        return [f"model.{name}={_shown(a)} (it has {_shown(b)})" for name, a, b in _differences(ours, theirs)]

    def table(self, config: ModelConfig, task: str, *, bare: bool = False) -> Table:
        """The rules for a model's weights; `bare` where the body's names have no prefix."""
        config, head = explicit(config), self.heads[task]
        prefix = "" if bare or not self.prefix else self.prefix + "."
        body = [
            Rule(tuple(prefix + name for name in rule.theirs), rule.ours, rule.change) for rule in self.rules(config)
        ]
        pattern = prefix.replace(".", r"\.")
        ignored = {pattern + name: what for name, what in self.ignored.items()}
        repeated = dict(head.repeated) if is_tied(config) else {}
        if bare:
            repeated = {second: first.removeprefix(self.prefix + ".") for second, first in repeated.items()}
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
