"""Which model a task needs, and which choices mean something to it."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.config.task import WITHOUT_TEXT
from cutaway.errors import UserError, nearest
from cutaway.text.special import Role


@dataclass(frozen=True)
class Requirement:
    """What a task asks of a model: one of these architectures, this head, if any this position scheme, and this input.

    An encoder-decoder has its input at its source. A tokenizer that was not made for the task must have special tokens
    of these roles.
    """

    architectures: tuple[str, ...]
    head: str
    position: str | None = None
    reads: str = "tokens"
    roles: tuple[Role, ...] = ()

    @property
    def embedding(self) -> str:
        """The choice of a model that says what it reads."""
        return "source_embedding" if "encoder_decoder" in self.architectures else "embedding"

    def fits_body(self, config: RunConfig) -> bool:
        """Whether a model could learn the task with another head."""
        position = config.model.position.kind
        return (
            config.model.architecture in self.architectures
            and self.reads == _read(config)
            and self.position in (None, position)
            and (position != OF_GRAPHS or self.position == OF_GRAPHS)
        )


READERS = ("encoder", "decoder")
OF_GRAPHS = "shortest_path"

REQUIREMENTS = {
    "language_modeling": Requirement(("decoder",), "language"),
    "masked_language_modeling": Requirement(("encoder",), "language", roles=("mask",)),
    "sequence_to_sequence": Requirement(("encoder_decoder",), "language"),
    "sequence_classification": Requirement(READERS, "sequence"),
    "image_classification": Requirement(("encoder",), "sequence", reads="patches"),
    "image_captioning": Requirement(("encoder_decoder",), "language", reads="patches"),
    "audio_classification": Requirement(("encoder",), "sequence", reads="frames"),
    "graph_classification": Requirement(("encoder",), "sequence", OF_GRAPHS),
    "token_classification": Requirement(READERS, "token"),
    "question_answering": Requirement(("encoder",), "token", roles=("begin", "separator")),
    "algorithmic": Requirement(("encoder",), "token"),
}

ON_TEXT = ("data.target", "data.validation_path", "train.batch_tokens", "source_tokenizer")
ON_FILES_OF_ONE_FORM = ("data.field", "data.target", "source_tokenizer")

UNREAD = {
    "language_modeling": ON_TEXT,
    "masked_language_modeling": ON_TEXT,
    "sequence_classification": ("source_tokenizer",),
    "image_classification": ("tokenizer", "source_tokenizer"),
    "image_captioning": ("source_tokenizer",),
    "audio_classification": ("tokenizer", "source_tokenizer"),
    "graph_classification": ON_FILES_OF_ONE_FORM,
    "token_classification": ON_FILES_OF_ONE_FORM,
    "question_answering": ON_FILES_OF_ONE_FORM,
    "algorithmic": ("data.path", "data.field", *ON_TEXT),
}
"""Choices that a task does not look at."""


def chosen_by_task(name: str, config: RunConfig) -> list[str]:
    """The assignments that make a run learn another task: the task, and the head, positions and input that it needs.

    A task without text also drops the tokenizer.

    Raises:
        UserError: there is no such task.
    """
    task = name.lower().replace("-", "_")
    if task not in REQUIREMENTS:
        raise UserError(f"no task is called {name!r}; {nearest(task, REQUIREMENTS)}")
    needed, model = REQUIREMENTS[task], config.model
    kinds: dict[str, tuple[str, str | None]] = {
        "head": (model.head.kind, needed.head),
        "position": (model.position.kind, needed.position),
    }
    if model.architecture in needed.architectures:
        kinds[needed.embedding] = (_read(config), needed.reads)
    changes = [f"model.{key}={kind}" for key, (present, kind) in kinds.items() if kind not in (None, present)]
    drops_tokenizer = task in WITHOUT_TEXT and config.tokenizer != RunConfig().tokenizer
    return [f"task={task}", *changes, *([f"tokenizer={RunConfig().tokenizer.kind}"] if drops_tokenizer else [])]


def require_model(config: RunConfig) -> None:
    """Refuses a task that the model cannot learn.

    Raises:
        UserError: it has another architecture, another head, or other positions or embeddings; says how to choose them.
    """
    task, model = config.task.kind, config.model
    needed = REQUIREMENTS[task]
    if model.architecture not in needed.architectures:
        raise UserError(
            f"the task {task} needs a model whose architecture is {' or '.join(needed.architectures)}, and this one "
            f"is {model.architecture}: write model.architecture={needed.architectures[0]}, or choose another preset"
        )
    if model.head.kind != needed.head:
        raise UserError(
            f"the task {task} needs a {needed.head} head, and model.head is {model.head.kind}: "
            f"write model.head={needed.head}"
        )
    if needed.reads != (read := _read(config)):
        raise UserError(
            f"the task {task} needs a model that reads {needed.reads}, and this one reads {read}: "
            f"write model.{needed.embedding}={needed.reads}"
        )
    position = model.position.kind
    if needed.position not in (None, position):
        raise UserError(
            f"the task {task} needs {needed.position} positions, and model.position is {position}: "
            f"write model.position={needed.position}"
        )
    if position == OF_GRAPHS != needed.position:
        raise UserError(f"{position} positions are of graphs, and the task {task} reads none: change model.position")


def require_choices(config: RunConfig) -> None:
    """Refuses choices that the task would not look at: none is ignored without a word.

    Raises:
        UserError: there is one; names it.
    """
    chosen, usual = config.model_dump(mode="json"), RunConfig().model_dump(mode="json")
    for key in UNREAD.get(config.task.kind, ()):
        if _at(chosen, key) != _at(usual, key):
            raise UserError(f"{key} means nothing to the task {config.task.kind}: leave it out")


def _read(config: RunConfig) -> str:
    """What the model reads: its source, if it has one of another kind."""
    return (config.model.source_embedding or config.model.embedding).kind


def _at(tree: dict[str, Any], key: str) -> Any:
    return reduce(lambda branch, name: branch[name], key.split("."), tree)
