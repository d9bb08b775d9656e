"""Choices of data."""

from typing import Literal

from pydantic import Field

from cutaway.config.record import Record

DataKind = Literal[
    "text",
    "labelled_texts",
    "text_pairs",
    "tagged_sentences",
    "questions",
    "proteins",
    "labelled_proteins",
    "labelled_images",
    "captioned_images",
    "labelled_recordings",
    "graphs",
    "generated",
]
"""What a reader makes of a file or folder, and a task learns from."""


class DataConfig(Record):
    """The text or the examples to train on."""

    path: str = Field(
        "python-docs",
        description="what to train on: a file, a folder, - for standard input, python-docs, or what two parallel files "
        "begin with",
    )
    field: str = Field("text", description="field, column (name or number) or file ending of the input")
    target: str | None = Field(
        None,
        description="field, column (name or number) or file ending of the target; none: label, summary or a similar "
        "name",
    )
    header: bool | None = Field(
        None, description="whether the first line of a table names its columns; none: if it has usual or chosen names"
    )
    validation: float = Field(
        0.1, ge=0, lt=1, description="fraction that is held out: the last part of a text, or random examples"
    )
    validation_path: str | None = Field(None, description="examples to validate on; none: a fraction is held out")
