"""Choices of tokenizers."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.record import Record


class CharTokenizer(Record):
    """One token per distinct character of the text, in order of code points."""

    kind: Literal["char"] = "char"


class ByteTokenizer(Record):
    """One token per byte of UTF-8; the id is the byte's value."""

    kind: Literal["byte"] = "byte"


class WordTokenizer(Record):
    """One token per word, for the most frequent words; words are separated by white space."""

    kind: Literal["word"] = "word"
    vocabulary: int = Field(16384, ge=16, description="most tokens: words and special tokens; rarer words are unknown")
    minimum_frequency: int = Field(1, ge=1, description="words that occur less often are unknown")
    lowercase: bool = Field(False, description="whether text is converted to lower case")


class BPETokenizer(Record):
    """Byte-pair encoding over bytes, in words as split by GPT-2 (Sennrich 2016, Radford 2019)."""

    kind: Literal["bpe"] = "bpe"
    vocabulary: int = Field(4096, ge=257, description="most tokens: 256 bytes, merges and the end token")


class WordPieceTokenizer(Record):
    """Pieces of words, with ``##`` inside a word; punctuation is separate (Schuster 2012, Devlin 2018)."""

    kind: Literal["wordpiece"] = "wordpiece"
    vocabulary: int = Field(8192, ge=16, description="most tokens: characters, pieces and special tokens")
    lowercase: bool = Field(True, description="whether text is converted to lower case; accents are kept")


class UnigramTokenizer(Record):
    """The most likely pieces under a unigram model, with spaces as characters (Kudo 2018), as in SentencePiece."""

    kind: Literal["unigram"] = "unigram"
    vocabulary: int = Field(8192, ge=16, description="most tokens: characters, pieces and special tokens")


class ProteinTokenizer(Record):
    """One token per amino acid, an upper-case letter, independent of the text."""

    kind: Literal["protein"] = "protein"


class FileTokenizer(Record):
    """An existing tokenizer."""

    kind: Literal["file"] = "file"
    path: str = Field(description="path of a tokenizer.json")


class OriginTokenizer(Record):
    """The tokenizer of the model to fine-tune."""

    kind: Literal["origin"] = "origin"


TokenizerConfig = Annotated[
    CharTokenizer
    | ByteTokenizer
    | WordTokenizer
    | BPETokenizer
    | WordPieceTokenizer
    | UnigramTokenizer
    | ProteinTokenizer
    | FileTokenizer
    | OriginTokenizer,
    Field(discriminator="kind"),
]
