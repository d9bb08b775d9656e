"""Sequence classification: choose a label for a text."""

from collections.abc import Iterable, Sequence

from cutaway.data.examples import LabelledText
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects.labels import fit, task
from cutaway.tasks.rows.labels import LabelledRow, labelled_rows
from cutaway.tasks.rows.sentences import sentences
from cutaway.tasks.rows.texts import cut
from cutaway.tasks.sequence_classification.config import SequenceClassificationConfig
from cutaway.text.special import UNDERSTANDING


def texts(example: LabelledText) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing but the text."""
    return (example.text,), ()


def rows(
    dataset: ExampleDataset, task: SequenceClassificationConfig, examples: Sequence[LabelledText]
) -> list[LabelledRow]:
    """Texts as tokens, labels as numbers. Texts that are longer than the model takes are cut, and counted."""
    read = sentences(dataset.known_tokenizer, [example.text for example in examples])
    shown = cut(read, dataset.config.model.context, dataset.counted)
    return labelled_rows(shown, len, [example.labels for example in examples], task)


SUBJECT = Subject(LabelledText, UNDERSTANDING, texts, fit, rows, task)
