"""Text classification: one label, several, or a number per text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.tasks.classification import ClassificationTask
from cutaway.tasks.sequence_classification.config import SequenceClassificationConfig
from cutaway.tasks.task import Tokenizers
from cutaway.tasks.texts import encode_inputs, require_fitting, truncate
from cutaway.text.special import UNDERSTANDING
from cutaway.text.uses import around_text


class SequenceClassificationTask(ClassificationTask[SequenceClassificationConfig, LabelledText]):
    """Classifies texts."""

    example = LabelledText
    special_tokens = UNDERSTANDING

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledText]:
        """Reads tables, and proteins from FASTA files."""
        return read_labelled(path, data, skipped, are_numbers=self.are_numbers)

    def input_of(self, example: LabelledText) -> str:
        """The text."""
        return example.text

    def labels_of(self, example: LabelledText) -> tuple[str, ...]:
        """Its labels."""
        return example.labels

    def encode(self, tokenizers: Tokenizers, given: Sequence[str], truncated: Counter[str] | None) -> list[list[int]]:
        """Texts as tokens."""
        rows = encode_inputs(tokenizers.text, given)
        if truncated is not None:
            return truncate(rows, self.config.model.context, around_text(tokenizers.text), truncated)
        require_fitting(rows, self.config.model.context)
        return rows

    def placeholder_input(self) -> list[int]:
        """Token 0, repeated."""
        return [0] * self.config.model.context
