"""Which tokenizer."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.base import Record


class CharTokenizer(Record):
    """One token for each distinct character of the corpus, in order of code points."""

    kind: Literal["char"] = "char"


class ByteTokenizer(Record):
    """One token for each byte of UTF-8; the token is the byte's value."""

    kind: Literal["byte"] = "byte"


class BPETokenizer(Record):
    """Byte-pair encoding over bytes, split into words as GPT-2 does (Sennrich 2016, Radford 2019)."""

    kind: Literal["bpe"] = "bpe"
    vocabulary: int = Field(4096, ge=257, description="tokens at most: 256 bytes, merges and the end of text")


class FileTokenizer(Record):
    """A tokenizer that is there already."""

    kind: Literal["file"] = "file"
    path: str = Field(description="a tokenizer.json")


TokenizerConfig = Annotated[
    CharTokenizer | ByteTokenizer | BPETokenizer | FileTokenizer,
    Field(discriminator="kind"),
]
