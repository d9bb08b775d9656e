"""Tasks: a record for each kind, found by its name.

Each kind has a package, `cutaway.tasks.KIND`, which is imported when the kind is first used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, SerializeAsAny
from pydantic_core import PydanticCustomError

from cutaway.config.data import DataKind
from cutaway.config.other_names import task_meant
from cutaway.config.record import Record
from cutaway.errors import UserError
from cutaway.plugins import TASKS, load_plugin, plugin_names

Architecture = Literal["decoder", "encoder", "encoder_decoder"]

READERS: tuple[Architecture, ...] = ("encoder", "decoder")
ON_TEXT = ("data.target", "data.header", "data.validation_path", "train.batch_tokens", "source_tokenizer")
"""Keys that tasks on continuous text do not read."""
ON_FILES_OF_ONE_FORM = ("data.field", "data.target", "data.header", "source_tokenizer")
"""Keys that tasks do not read whose files name their fields themselves."""


@dataclass(frozen=True)
class ModelNeeds:
    """The model that a task needs.

    Attributes:
        architectures: one of these.
        head: the kind of its head.
        position: the kind of its position scheme, if the task requires one.
        reads: the kind of its input embedding, or of its source's for an encoder-decoder.
        roles: special tokens that the tokenizer of a model to fine-tune must have.
    """

    architectures: tuple[Architecture, ...]
    head: str
    position: str | None = None
    reads: str = "tokens"
    roles: tuple[Literal["mask", "begin", "separator"], ...] = ()

    @property
    def embedding(self) -> str:
        """The key of the model's input embedding."""
        return "source_embedding" if "encoder_decoder" in self.architectures else "embedding"


@dataclass(frozen=True)
class TaskSpec:
    """What is known of a kind of task without any data.

    Attributes:
        needs: the model it needs; None if it cannot be trained here.
        verbs: the methods and commands of a trained model.
        presets: a preset for each kind of data that it learns from, the usual kind first.
        unread: keys of a run that the task does not read.
        has_text: whether it has text, and so a tokenizer.
        generates_data: whether it generates its own endless data.
        searches: whether its evaluation uses beam search.
        names_labels: whether config.json of `transformers` names its labels.
        pipeline_tag: the name of the task on the Hugging Face hub, if it has one.
        example: an input to try a trained model with, if it is not text.
        implementation: the task's class, as ``module:Class``; it is imported when the task is first used.
    """

    needs: ModelNeeds | None
    verbs: tuple[str, ...]
    implementation: str
    presets: Mapping[DataKind, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    has_text: bool = True
    generates_data: bool = False
    searches: bool = False
    names_labels: bool = False
    pipeline_tag: str | None = None
    example: str | None = None


class TaskConfig(Record):
    """The base class of the records of all tasks."""

    spec: ClassVar[TaskSpec]
    kind: str

    @property
    def verbs(self) -> tuple[str, ...]:
        """The methods and commands of a model trained for this task."""
        return self.spec.verbs


DEFAULT = "language_modeling"
KINDS = {
    "language_modeling": "cutaway.tasks.language_modeling.config:LanguageModelingConfig",
    "masked_language_modeling": "cutaway.tasks.masked_language_modeling.config:MaskedLanguageModelingConfig",
    "sequence_to_sequence": "cutaway.tasks.sequence_to_sequence.config:SequenceToSequenceConfig",
    "sequence_classification": "cutaway.tasks.sequence_classification.config:SequenceClassificationConfig",
    "image_classification": "cutaway.tasks.image_classification.config:ImageClassificationConfig",
    "image_captioning": "cutaway.tasks.image_captioning.config:ImageCaptioningConfig",
    "audio_classification": "cutaway.tasks.audio_classification.config:AudioClassificationConfig",
    "graph_classification": "cutaway.tasks.graph_classification.config:GraphClassificationConfig",
    "token_classification": "cutaway.tasks.token_classification.config:TokenClassificationConfig",
    "question_answering": "cutaway.tasks.question_answering.config:QuestionAnsweringConfig",
    "sentence_embedding": "cutaway.tasks.sentence_embedding.config:SentenceEmbeddingConfig",
    "algorithmic": "cutaway.tasks.algorithmic.config:AlgorithmicConfig",
}
"""The record of each kind."""


def task_record(kind: str) -> type[TaskConfig]:
    """The record of a kind, of cutaway or of another package.

    Raises:
        KeyError: there is no such kind.
        UserError: the package that defines it cannot be loaded, or defines something else.
    """
    if kind not in KINDS:
        plugin: type[TaskConfig] | None = load_plugin(TASKS, kind, TaskConfig)
        if plugin is None:
            raise KeyError(kind)
        if plugin.model_fields["kind"].default != kind:
            raise UserError(
                f"the task {kind!r} of {plugin.__module__} has another kind: give its field kind this value"
            )
        return plugin
    return _built_in(kind)


def named_task(name: str, reads: str | None = None, position: str | None = None) -> tuple[str, type[TaskConfig]]:
    """The kind and the record of a task by its kind, or by another name (`cutaway.config.other_names.task_meant`).

    Raises:
        KeyError: there is no such task.
        UserError: for the reasons given in `task_record` and `task_meant`.
    """
    try:
        return name, task_record(name)
    except KeyError:
        kind = task_meant(name, reads, position)
        return kind, task_record(kind)


@cache
def _built_in(kind: str) -> type[TaskConfig]:
    module, _, name = KINDS[kind].partition(":")
    record: type[TaskConfig] = getattr(import_module(module), name)
    return record


def known_kinds() -> list[str]:
    """All kinds, those of other packages among them."""
    return [*KINDS, *(kind for kind in plugin_names(TASKS) if kind not in KINDS)]


def trained_kinds() -> list[str]:
    """The kinds that can be trained."""
    return [kind for kind in known_kinds() if kind not in KINDS or task_record(kind).spec.needs is not None]


def default_task() -> TaskConfig:
    """Language modelling."""
    return task_record(DEFAULT)(kind=DEFAULT)


def _of_its_kind(given: Any) -> Any:
    """Validates a task by the record of its kind."""
    if not isinstance(given, dict):
        return given
    kind = str(given.get("kind", DEFAULT))
    try:
        kind, record = named_task(kind)
        return record.model_validate({**given, "kind": kind})
    except KeyError:
        known = {"tag": kind, "expected_tags": ", ".join(known_kinds())}
        raise PydanticCustomError("union_tag_invalid", "unknown kind", known) from None


AnyTask = Annotated[SerializeAsAny[TaskConfig], BeforeValidator(_of_its_kind)]
"""A field that holds the record of any kind."""
