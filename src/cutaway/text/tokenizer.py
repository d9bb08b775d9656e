"""Text to token ids and back."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import tokenizers
from tokenizers.decoders import ByteLevel, Metaspace
from tokenizers.models import BPE

from cutaway.disk import write_bytes
from cutaway.errors import UserError
from cutaway.text.byte_level import BYTES
from cutaway.text.chunks import BATCH_CHARACTERS, in_groups, rechunk
from cutaway.text.merges import join_steps
from cutaway.text.special import END_OF_TEXT as END_OF_TEXT
from cutaway.text.special import Role, spelt

NAMED_CHARACTERS = 8


class Tokenizer:
    """Text to token ids and back; all that it knows is in one `tokenizer.json`, which other libraries open too.

    Special tokens are no text: the characters ``<|endoftext|>`` in a text become ordinary tokens unless they are asked
    for, and nothing is ever cut short, padded or put around a text.

    What a special token is for follows from its spelling (`cutaway.text.special`); a tokenizer may lack any of them.
    """

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        # A file may ask for these; each would change a text without a word. The first is not kept in files.
        inner.encode_special_tokens = True
        inner.no_truncation()
        inner.no_padding()
        self._is_byte_level = isinstance(inner.decoder, ByteLevel)
        added = inner.get_added_tokens_decoder()
        self._special = {token.content: number for number, token in added.items() if token.special}
        self._seen: set[str] = set()
        self.vocabulary: int = max(inner.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        """How many token ids there are."""
        self.end: int | None = self._by_role("end")
        """The id of the token that ends a document."""
        self.pad: int | None = self._by_role("pad")
        """The id of the token that fills short rows up."""
        self.begin: int | None = self._by_role("begin")
        """The id of the token that stands before a text, or for the whole of it."""
        self.separator: int | None = self._by_role("separator")
        """The id of the token between two texts, and after the last."""
        self.mask: int | None = self._by_role("mask")
        """The id of the token that hides another."""
        unknown = getattr(inner.model, "unk_token", None)
        self.unknown: int | None = self._by_role("unknown") if unknown is None else inner.token_to_id(unknown)
        """The id of the token for what the tokenizer never saw; without one, it refuses such text."""
        self._hidden = set(self._special.values()) - {self.unknown}

    @property
    def ordinary(self) -> range:
        """The ids of the tokens that are text: special ones come before and behind them."""
        special = set(self._special.values())
        first = next((token for token in range(self.vocabulary) if token not in special), self.vocabulary)
        return range(
            first, next((token for token in range(first, self.vocabulary) if token in special), self.vocabulary)
        )

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

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """The token ids of a text of any length.

        Args:
            text: what to encode.
            special: a special token spelt in the text, such as ``[MASK]``, becomes that token.

        Raises:
            UserError: the text holds characters that the tokenizer never saw, and it has no unknown token.
        """
        if special:
            return self._encode_with_special(text)
        batches = in_groups(rechunk([text]), BATCH_CHARACTERS, len)
        return [token for batch in batches for ids in self.encode_batch(batch) for token in ids]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, in parallel. Holds hundreds of bytes a character: give it chunks, a few at once.

        Raises:
            UserError: a text holds characters that the tokenizer never saw, and it has no unknown token.
        """
        self._refuse_unseen(set().union(*texts))
        return [encoding.ids for encoding in self._inner.encode_batch_fast(texts, add_special_tokens=False)]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The token ids of a text, and which of its characters each covers, as `text[start:end]`.

        A token that begins with a space covers the space too. Tokens that are parts of one character all cover that
        character, so that neighbours may overlap.

        Raises:
            UserError: the text holds characters that the tokenizer never saw, and it has no unknown token.
        """
        self._refuse_unseen(set(text))
        ids: list[int] = []
        offsets: list[tuple[int, int]] = []
        before = 0
        for chunk in rechunk([text]):
            encoding = self._inner.encode(chunk, add_special_tokens=False)
            ids += encoding.ids
            offsets += [(before + start, before + end) for start, end in encoding.offsets]
            before += len(chunk)
        return ids, offsets

    def encode_words(self, words: Sequence[str]) -> list[list[int]]:
        """The token ids of each word as it would be inside a text, with the space in front where tokens hold spaces.

        A word that gives nothing, such as an empty one, becomes the unknown token: no list is empty.

        Raises:
            UserError: a word gives nothing, or holds characters that the tokenizer never saw, and there is no unknown
                token.
        """
        space = " " if isinstance(self._inner.decoder, (ByteLevel, Metaspace)) else ""
        encoded = self.encode_batch([space + word if word.strip() else "" for word in words])
        return [ids or [self._unknown_for(word)] for word, ids in zip(words, encoded, strict=True)]

    def count_unknown(self, ids: Iterable[int]) -> int:
        """How many of these tokens are the unknown one."""
        return sum(token == self.unknown for token in ids)

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = True) -> str:
        """The text of these tokens; bytes that are no whole character become U+FFFD.

        The unknown token is never skipped: it stands for a part of the text.
        """
        shown = [token for token in ids if not skip_special_tokens or token not in self._hidden]
        return self._inner.decode(shown, skip_special_tokens=False)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        r"""Each token as a person may read it: its text, and a byte that is no whole character as ``\xc3``."""
        return [self._piece(token) for token in ids]

    def merges(self, text: str) -> list[list[list[str]]]:
        """How byte-pair encoding joins the bytes of each word: its pieces, as a person may read them, step by step.

        Raises:
            UserError: the tokenizer does not join bytes by merges, or a character is no text.
        """
        if not (self._is_byte_level and self._ranks):
            raise UserError("the tokenizer has no merges to show: only byte-pair encoding over bytes has")
        self._refuse_unseen(set(text))
        normalizer = self._inner.normalizer
        words = self._inner.pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text) if normalizer else text)
        steps = [join_steps(word, self._ranks) for word, _ in words]
        return [[[_readable(piece) for piece in pieces] for pieces in word] for word in steps]

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        if not isinstance(self._inner.model, BPE):
            return {}
        merges = json.loads(self._inner.to_str())["model"]["merges"]
        return {(left, right): rank for rank, (left, right) in enumerate(merges)}

    @cached_property
    def _recognizing(self) -> tokenizers.Tokenizer:
        """One that takes special tokens spelt in a text for what they are."""
        inner = tokenizers.Tokenizer.from_str(self._inner.to_str())
        inner.encode_special_tokens = False
        return inner

    def _encode_with_special(self, text: str) -> list[int]:
        plain = text
        for spelling in self._special:
            plain = plain.replace(spelling, "")
        self._refuse_unseen(set(plain))
        return self._recognizing.encode(text, add_special_tokens=False).ids

    def _by_role(self, role: Role) -> int | None:
        spelling = spelt(role, self._special)
        return None if spelling is None else self._special[spelling]

    def _unknown_for(self, word: str) -> int:
        if self.unknown is None:
            raise UserError(
                f"the word {word!r} gives no token: take it out, or choose a tokenizer that has an unknown token"
            )
        return self.unknown

    def _piece(self, token: int) -> str:
        content = self._inner.id_to_token(token)
        if self._is_byte_level and content is not None and BYTES.keys() >= set(content):
            return _readable(content)
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
        return bool(ids) or character.isspace() or not character.isprintable()


def _readable(piece: str) -> str:
    return bytes(BYTES[character] for character in piece).decode(errors="backslashreplace")
