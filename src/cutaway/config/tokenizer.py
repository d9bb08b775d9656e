"""Which tokenizer."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.record import Record


class CharTokenizer(Record):
    """One token for each distinct character of the corpus, in order of code points."""

    kind: Literal["char"] = "char"


class ByteTokenizer(Record):
    """One token for each byte of UTF-8; the token is the byte's value."""

    kind: Literal["byte"] = "byte"


class WordTokenizer(Record):
    """One token for each of the most frequent words; a word is what stands between white space."""

    kind: Literal["word"] = "word"
    vocabulary: int = Field(16384, ge=16, description="tokens at most: words and special tokens; the rest is unknown")
    minimum_frequency: int = Field(1, ge=1, description="a word that is seen less often is unknown")
    lowercase: bool = Field(False, description="read every text in lower case")


class BPETokenizer(Record):
    """Byte-pair encoding over bytes, split into words as GPT-2 does (Sennrich 2016, Radford 2019)."""

    kind: Literal["bpe"] = "bpe"
    vocabulary: int = Field(4096, ge=257, description="tokens at most: 256 bytes, merges and the end of text")


class WordPieceTokenizer(Record):
    """Pieces of words, those inside a word marked ``##``; punctuation stands alone (Schuster 2012, Devlin 2018)."""

    kind: Literal["wordpiece"] = "wordpiece"
    vocabulary: int = Field(8192, ge=16, description="tokens at most: characters, pieces and special tokens")
    lowercase: bool = Field(True, description="read every text in lower case; accents stay")


class UnigramTokenizer(Record):
    """The likeliest pieces under a unigram model, spaces being characters too (Kudo 2018), as SentencePiece has it."""

    kind: Literal["unigram"] = "unigram"
    vocabulary: int = Field(8192, ge=16, description="tokens at most: characters, pieces and special tokens")


class ProteinTokenizer(Record):
    """One token for each amino acid, whatever the corpus: its letter, in upper case."""

    kind: Literal["protein"] = "protein"


class FileTokenizer(Record):
    """A tokenizer that is there already."""

    kind: Literal["file"] = "file"
    path: str = Field(description="a tokenizer.json")


class OriginTokenizer(Record):
    """That of the model which the run goes on from."""

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
