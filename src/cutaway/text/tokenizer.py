"""Text to token ids and back."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import tokenizers
from tokenizers.decoders import ByteLevel

from cutaway.disk import write_bytes
from cutaway.errors import UserError
from cutaway.text.byte_level import BYTES
from cutaway.text.chunks import BATCH_CHARACTERS, in_groups, rechunk

END_OF_TEXT = "<|endoftext|>"
NAMED_CHARACTERS = 8


class Tokenizer:
    """Text to token ids and back; all that it knows is in one `tokenizer.json`, which other libraries open too.

    Special tokens are no text: the characters ``<|endoftext|>`` in a text become ordinary tokens, and nothing is ever
    cut short, padded or put around a text.
    """

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        # A file may ask for these; each would change a text without a word. The first is not kept in files.
        inner.encode_special_tokens = True
        inner.no_truncation()
        inner.no_padding()
        self._is_byte_level = isinstance(inner.decoder, ByteLevel)
        unknown = getattr(inner.model, "unk_token", None)
        self._unknown = None if unknown is None else inner.token_to_id(unknown)
        self._seen: set[str] = set()
        self.vocabulary: int = max(inner.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        """How many token ids there are."""
        self.end: int | None = inner.token_to_id(END_OF_TEXT)
        """The id of the token that ends a document, if there is one."""

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """Reads a `tokenizer.json`.

        Raises:
            UserError: it is missing, cut short, or no tokenizer.
        """
        try:
            content = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot read the tokenizer {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is no tokenizer.json: it is not UTF-8 text") from error
        try:
            return cls(tokenizers.Tokenizer.from_str(content))
        except Exception as error:  # the library raises nothing more precise
            raise UserError(f"{path} is no tokenizer.json, or was cut short: {error}") from error

    def save(self, path: str | Path) -> None:
        """Writes the `tokenizer.json`, whole or not at all."""
        write_bytes(Path(path), self._inner.to_str(pretty=True).encode())

    @property
    def sha256(self) -> str:
        """Two tokenizers with the same hash are the same."""
        return hashlib.sha256(self._inner.to_str().encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """The token ids of a text of any length.

        Raises:
            UserError: the text holds characters that the tokenizer never saw.
        """
        batches = in_groups(rechunk([text]), BATCH_CHARACTERS, len)
        return [token for batch in batches for ids in self.encode_batch(batch) for token in ids]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, in parallel. Holds hundreds of bytes a character: give it chunks, a few at once.

        Raises:
            UserError: a text holds characters that the tokenizer never saw.
        """
        self._refuse_unseen(set().union(*texts))
        return [encoding.ids for encoding in self._inner.encode_batch_fast(texts, add_special_tokens=False)]

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = True) -> str:
        """The text of these tokens; bytes that are no whole character become U+FFFD."""
        return self._inner.decode(list(ids), skip_special_tokens=skip_special_tokens)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        r"""Each token as a person may read it: its text, and a byte that is no whole character as ``\xc3``."""
        return [self._piece(token) for token in ids]

    def _piece(self, token: int) -> str:
        content = self._inner.id_to_token(token)
        if self._is_byte_level and content is not None and BYTES.keys() >= set(content):
            return bytes(BYTES[character] for character in content).decode(errors="backslashreplace")
        return self.decode([token], skip_special_tokens=False)

    def _refuse_unseen(self, characters: set[str]) -> None:
        fresh = characters - self._seen
        unseen = sorted(character for character in fresh if not self._can_read(character))
        self._seen |= fresh.difference(unseen)
        if unseen:
            named = ", ".join(map(repr, unseen[:NAMED_CHARACTERS])) + ("…" if len(unseen) > NAMED_CHARACTERS else "")
            count = f"{len(unseen)} character{'s' if len(unseen) > 1 else ''}"
            raise UserError(f"the tokenizer never saw {named} ({count}): take them out of the text, or train with them")

    def _can_read(self, character: str) -> bool:
        """Whether the character alone gives tokens; one that prints nothing may also be dropped by design."""
        try:
            ids = self._inner.encode(character, add_special_tokens=False).ids
        except Exception:  # the library raises nothing more precise
            return False
        return self._unknown not in ids and (bool(ids) or character.isspace() or not character.isprintable())
