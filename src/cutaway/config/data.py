"""What is learnt from, and how much of it is held out."""

from pydantic import Field

from cutaway.config.record import Record


class DataConfig(Record):
    """The text or the examples that a model learns from."""

    path: str = Field(
        "python-docs",
        description="a file, a folder, - for standard input, python-docs, or what two parallel files begin with",
    )
    field: str = Field("text", description="the field, column or file ending of what is read")
    target: str | None = Field(
        None, description="the field, column or file ending of what is to be learnt; none: label, summary or the like"
    )
    validation: float = Field(
        0.1, ge=0, lt=1, description="share that is held out: the last part of a text, or random examples"
    )
    validation_path: str | None = Field(None, description="examples to validate with, in place of a share")
