"""Which text, and how much of it is held out."""

from pydantic import Field

from cutaway.config.base import Record


class DataConfig(Record):
    """The text a language model learns from."""

    path: str = Field("python-docs", description="a file, a folder, - for standard input, or python-docs")
    field: str = Field("text", description="of JSONL and Parquet: the field that holds the text")
    validation: float = Field(0.1, ge=0, lt=1, description="share of the text, its last part, that is held out")
