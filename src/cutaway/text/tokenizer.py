"""Text to token ids and back."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken
from tokenizers.decoders import ByteLevel, Metaspace
from tokenizers.models import BPE, Unigram

from cutaway.display import html_table
from cutaway.errors import UserError
from cutaway.files import write_bytes, write_text
from cutaway.text.byte_level import BYTES, Piece, byte_pairs, characters_of
from cutaway.text.chunks import BATCH_CHARACTERS, in_groups, rechunk
from cutaway.text.learning import learn_bpe
from cutaway.text.literal_tokens import QUOTE, quote, recognizing, require_apart
from cutaway.text.merges import join_steps
from cutaway.text.out_of_vocabulary import Unseen
from cutaway.text.post_processor import PostProcessor
from cutaway.text.special import END_OF_TEXT as END_OF_TEXT
from cutaway.text.special import SPELLINGS, Role, spelt
from cutaway.text.tokenizer_config import TokenizerConfig, register
from cutaway.text.tokenizer_files import config_beside, read_config, read_inner

SHOWN = 8
"""The most special tokens in a `repr`."""


class Tokenizer:
    """Text to token ids and back; everything is in one `tokenizer.json`, which other libraries open too.

    Special tokens are not text: the characters ``<|endoftext|>`` in a text become ordinary tokens unless special tokens
    are requested. Nothing is ever truncated or padded, and no special tokens are added around a text.

    The role of a special token follows from its spelling (`cutaway.text.special`), or from `tokenizer_config.json` next
    to the file; a tokenizer may lack any of them.
    """

    def __init__(self, inner: tokenizers.Tokenizer, conventions: TokenizerConfig | None = None) -> None:
        self._inner = inner
        # A file may request these; each would silently change a text. The first is not stored in files.
        inner.encode_special_tokens = True
        inner.no_truncation()
        inner.no_padding()
        self._is_byte_level = isinstance(inner.decoder, ByteLevel)
        added = inner.get_added_tokens_decoder()
        self._special = {token.content: number for number, token in added.items() if token.special}
        self._is_told_of = conventions is not None
        given = conventions or TokenizerConfig()
        roles = {role: given.roles.get(role, self._by_spelling(role)) for role in SPELLINGS}
        self.vocabulary: int = max(inner.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        """The number of token ids."""
        self.end: int | None = roles["end"]
        """The id of the token that ends a document."""
        self.ends: frozenset[int] = given.ends | {token for token in (self.end,) if token is not None}
        """The ids of all tokens that end a generated text."""
        self.pad: int | None = roles["pad"]
        """The id of the padding token."""
        self.begin: int | None = roles["begin"]
        """The id of the token before a text, whose hidden state may represent the whole text."""
        self.start: int | None = self.begin if roles["start"] is None else roles["start"]
        """The id of the token that a decoder starts with."""
        self.first: int | None = roles["first"]
        """The id of the first token after the start token, if it is fixed."""
        self.separator: int | None = roles["separator"]
        """The id of the token between two texts, and after the last."""
        self.mask: int | None = roles["mask"]
        """The id of the mask token."""
        unknown = _unknown(inner)
        self.unknown: int | None = roles["unknown"] if unknown is None else unknown
        """The id of the unknown token; a tokenizer without one rejects text that it cannot read."""
        self.frame: PostProcessor | None = (
            None if inner.post_processor is None else PostProcessor.of(inner.post_processor)
        )
        """The special tokens around a text, if the tokenizer's file has them; otherwise they follow from the use."""
        self.chat_template: str | None = given.chat_template
        """The chat template (Jinja), if there is one."""
        self._unseen = Unseen(inner, self._special, has_unknown=self.unknown is not None)
        self._hidden = set(self._special.values()) - {self.unknown}
        require_apart(inner, [text for text, token in self._special.items() if token != self.unknown])

    def __len__(self) -> int:
        return self.vocabulary

    def __repr__(self) -> str:
        special = ", ".join([*self._special][:SHOWN]) + (", …" if len(self._special) > SHOWN else "")
        return f"Tokenizer({type(self._inner.model).__name__}, {len(self)} tokens, special: {special or 'none'})"

    def _repr_html_(self) -> str:
        roles = [[role, self.pieces([getattr(self, role)])[0]] for role in SPELLINGS if getattr(self, role) is not None]
        return html_table([type(self._inner.model).__name__, f"{len(self):,} tokens"], roles)

    @property
    def ordinary(self) -> range:
        """The ids of ordinary tokens: the longest range without a special one."""
        special = sorted({-1, *self._special.values(), self.vocabulary})
        before, behind = max(pairwise(special), key=lambda pair: pair[1] - pair[0])
        return range(before + 1, behind)

    @classmethod
    def train(
        cls, texts: str | Iterable[str], vocabulary: int, special_tokens: Sequence[str] = (END_OF_TEXT,)
    ) -> "Tokenizer":
        """Trains byte-pair encoding over bytes, in words as split by GPT-2 (`train_tokenizer` has other kinds too).

        Args:
            texts: a text, or several.
            vocabulary: the most tokens: 256 bytes, merges and special tokens, which get the first ids.
            special_tokens: their spellings.

        Raises:
            UserError: the vocabulary cannot hold every byte.
        """
        return cls._with_special(
            learn_bpe([texts] if isinstance(texts, str) else texts, vocabulary, special_tokens), special_tokens
        )

    @classmethod
    def from_vocabulary(
        cls,
        vocabulary: Mapping[Piece, int] | Mapping[str, int] | Mapping[bytes, int] | Sequence[Piece],
        merges: Iterable[str | tuple[Piece, Piece]],
        special_tokens: Sequence[str] = (),
    ) -> "Tokenizer":
        """Byte-pair encoding over bytes, in words as split by GPT-2, from the content of its two files.

        Args:
            vocabulary: the id of each token, or the tokens in order; as bytes, or as text in GPT-2's characters for
                bytes.
            merges: in order of training: pairs of tokens, or lines of `merges.txt`.
            special_tokens: their spellings; those that are not in the vocabulary get the next ids.

        Raises:
            UserError: two tokens have one id or one spelling, or a merge has parts that are not in the vocabulary.
        """
        return cls._with_special(byte_pairs(vocabulary, merges, special_tokens), special_tokens)

    @classmethod
    def _with_special(cls, inner: tokenizers.Tokenizer, specials: Sequence[str]) -> "Tokenizer":
        inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
        return cls(inner)

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """Reads a `tokenizer.json`, and `tokenizer_config.json` if it exists.

        Raises:
            UserError: it is missing, incomplete, or not a tokenizer.
        """
        config = read_config(config_beside(Path(path)))
        return cls.with_config(read_inner(Path(path)), config) if config else cls(read_inner(Path(path)))

    @classmethod
    def with_config(cls, inner: tokenizers.Tokenizer, config: Mapping[str, Any]) -> "Tokenizer":
        """A tokenizer with a configuration in the format of `tokenizer_config.json`."""
        register(config, inner)
        return cls(inner, TokenizerConfig.of(config, inner))

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration as in `tokenizer_config.json`: roles of special tokens, and the chat template."""
        found = {role: getattr(self, role) for role in SPELLINGS}
        roles = {role: token for role, token in found.items() if token is not None}
        return TokenizerConfig(roles, self.ends, self.chat_template).config(self._inner)

    @property
    def content(self) -> dict[str, Any]:
        """The content of its `tokenizer.json`."""
        held: dict[str, Any] = json.loads(self._inner.to_str())
        return held

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The ids of all special tokens by their spellings."""
        return self._special

    def with_frame(self, frame: PostProcessor) -> "Tokenizer":
        """The same tokenizer, whose file has these special tokens around a text."""
        inner = tokenizers.Tokenizer.from_str(self._inner.to_str())
        inner.post_processor = frame.processor(lambda token: str(inner.id_to_token(token)))
        return Tokenizer.with_config(inner, self.config)

    def with_beginning(self, start: int | None, first: int | None) -> "Tokenizer":
        """The same tokenizer, for a decoder that starts with this token and must write that one first."""
        inner = tokenizers.Tokenizer.from_str(self._inner.to_str())
        said = {"decoder_start_token_id": start, "forced_bos_token_id": first}
        return Tokenizer.with_config(inner, self.config | said)

    def save(self, path: str | Path) -> None:
        """Writes the `tokenizer.json`, completely or not at all, and `tokenizer_config.json` if it is needed."""
        write_bytes(Path(path), self._inner.to_str(pretty=True).encode())
        beside = config_beside(Path(path))
        if self._is_told_of:
            write_text(beside, json.dumps(self.config, indent=2) + "\n")
        else:
            beside.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """A hash that is equal for equal tokenizers."""
        content = self._inner.to_str()
        if self._is_told_of:
            content += json.dumps(self.config)
        return hashlib.sha256(content.encode()).hexdigest()

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """The token ids of a text of any length.

        Args:
            text: what to encode.
            special: whether special tokens spelt in the text, such as ``[MASK]``, become these tokens, unless quoted.

        Raises:
            UserError: the text contains what the tokenizer cannot read, and it has no unknown token.
        """
        return list(self.encode_iterable([text], special=special))

    def encode_iterable(self, texts: Iterable[str], *, special: bool = False) -> Iterator[int]:
        """The token ids of one long text, given in parts of any length, such as the lines of a file.

        They are the ids of the whole text, but only a part of it is in memory at a time, unless its words cannot be
        told apart by white space.

        Args:
            texts: the parts of the text.
            special: as in `encode`.

        Raises:
            UserError: the text contains what the tokenizer cannot read, and it has no unknown token.
        """
        if special:
            for chunk in self._chunks(texts) if self._can_cut_special else ["".join(texts)]:
                yield from self._encode_with_special(chunk)
            return
        for batch in in_groups(self._chunks(texts), BATCH_CHARACTERS, len):
            for ids in self.encode_batch(batch):
                yield from ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, in parallel. It uses hundreds of bytes per character: encode few chunks at once.

        Raises:
            UserError: a text contains what the tokenizer cannot read, and it has no unknown token.
        """
        self._unseen.refuse(texts)
        return [encoding.ids for encoding in self._inner.encode_batch_fast(texts, add_special_tokens=False)]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The token ids of a text, and the characters that each covers, as `text[start:end]`.

        A token that starts with a space covers the space too. Tokens that are parts of one character all cover that
        character, so neighbours may overlap.

        Raises:
            UserError: the text contains what the tokenizer cannot read, and it has no unknown token.
        """
        self._unseen.refuse([text])
        ids: list[int] = []
        offsets: list[tuple[int, int]] = []
        before = 0
        for chunk in self._chunks([text]):
            encoding = self._inner.encode(chunk, add_special_tokens=False)
            ids += encoding.ids
            offsets += [(before + start, before + end) for start, end in encoding.offsets]
            before += len(chunk)
        return ids, offsets

    def encode_words(self, words: Sequence[str]) -> list[list[int]]:
        """The token ids of each word as inside a text, with the leading space where tokens contain spaces.

        A word without tokens, such as an empty one, becomes the unknown token: no list is empty.

        Raises:
            UserError: a word has no tokens or cannot be read, and there is no unknown token.
        """
        space = " " if isinstance(self._inner.decoder, (ByteLevel, Metaspace)) else ""
        encoded = self.encode_batch([space + word if word.strip() else "" for word in words])
        return [ids or [self._unknown_for(word)] for word, ids in zip(words, encoded, strict=True)]

    def count_unknown(self, ids: Iterable[int]) -> int:
        """The number of unknown tokens among these."""
        return sum(token == self.unknown for token in ids)

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = True) -> str:
        """The text of these tokens; incomplete characters become U+FFFD.

        The unknown token is never skipped, since it represents a part of the text.
        """
        shown = [token for token in ids if not skip_special_tokens or token not in self._hidden]
        return self._inner.decode(shown, skip_special_tokens=False)

    def decode_behind(self, before: Sequence[int], ids: Sequence[int]) -> str:
        """The text of tokens that follow others, with the space between them, if there is one."""
        return self.decode([*before, *ids])[len(self.decode(before)) :]

    def pieces(self, ids: Iterable[int]) -> list[str]:
        r"""Each token in readable form: its text, with bytes of incomplete characters as ``\xc3``."""
        return [self._piece(token) for token in ids]

    def merges(self, text: str) -> list[list[list[str]]]:
        """The merges of byte-pair encoding in each word: its pieces in readable form, step by step.

        Raises:
            UserError: the tokenizer has no byte-level merges, or a character is not text.
        """
        if not (self._is_byte_level and self._ranks):
            raise UserError("the tokenizer has no merges to show: only byte-pair encoding over bytes has")
        self._unseen.refuse([text])
        steps = [join_steps(word, self._ranks) for word in self._unseen.words(text)]
        return [[[_readable(piece) for piece in pieces] for pieces in word] for word in steps]

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        if not isinstance(self._inner.model, BPE):
            return {}
        merges = json.loads(self._inner.to_str())["model"]["merges"]
        return {(left, right): rank for rank, (left, right) in enumerate(merges)}

    @cached_property
    def _recognizing(self) -> tokenizers.Tokenizer:
        """A copy that reads spelt special tokens as such."""
        return recognizing(self._inner)

    def token_to_id(self, token: Piece) -> int | None:
        """The id of a token as it is spelt in the tokenizer's file, or of its bytes; None if there is no such token."""
        return self._inner.token_to_id(characters_of(token))

    def id_to_token(self, token: int) -> str | None:
        """The spelling of a token in the tokenizer's file; None if there is no such id."""
        return self._inner.id_to_token(token)

    def is_special(self, token: int) -> bool:
        """Whether a token is special."""
        return token in self._special.values()

    def quote(self, text: str) -> str:
        """Marks text that is spelt like a special token as literal, for `encode` with `special`.

        Raises:
            UserError: the text contains U+10FFFF, the mark itself.
        """
        return quote(text, list(self._special))

    def _chunks(self, texts: Iterable[str]) -> Iterable[str]:
        return rechunk(texts) if self._can_cut else ["".join(texts)]

    @cached_property
    def _can_cut(self) -> bool:
        """Whether a text that is split before white space has the tokens of the whole text."""
        try:
            whole = [self._inner.encode(text, add_special_tokens=False).ids for text in ("a a", "a\na")]
            cut = [self._inner.encode(text, add_special_tokens=False).ids for text in ("a", " a", "\na")]
        except Exception:  # it cannot read them, so its tokens are characters
            return True
        return whole == [cut[0] + cut[1], cut[0] + cut[2]]

    @cached_property
    def _can_cut_special(self) -> bool:
        """Whether a text that is split before white space has the same special tokens: none includes white space."""
        added = [token for token in self._inner.get_added_tokens_decoder().values() if token.special]
        return not any(token.lstrip or token.rstrip or len(token.content.split()) > 1 for token in added)

    def _encode_with_special(self, text: str) -> list[int]:
        plain = [text.replace(QUOTE, "")]
        for spelling in self._special:
            plain = [part for whole in plain for part in whole.split(spelling)]
        self._unseen.refuse(plain)
        return self._recognizing.encode(text, add_special_tokens=False).ids

    def _by_spelling(self, role: Role) -> int | None:
        spelling = spelt(role, self._special)
        return None if spelling is None else self._special[spelling]

    def _unknown_for(self, word: str) -> int:
        if self.unknown is None:
            raise UserError(
                f"the word {word!r} has no token: remove it, or choose a tokenizer that has an unknown token"
            )
        return self.unknown

    def _piece(self, token: int) -> str:
        content = self._inner.id_to_token(token) or ""
        if self._is_byte_level and BYTES.keys() >= set(content):
            return _readable(content)
        text = self.decode([token], skip_special_tokens=False)
        if text == "\N{REPLACEMENT CHARACTER}" and content.startswith("<0x"):
            return f"\\x{content[3:-1].lower()}"
        is_cut = content.startswith("▁") and not text.startswith(" ")  # decoding strips the space at the start
        return f" {text}" if is_cut else text


def _unknown(inner: tokenizers.Tokenizer) -> int | None:
    if isinstance(inner.model, Unigram):
        return json.loads(inner.model.__getstate__())["unk_id"]
    piece = inner.model.unk_token
    return None if piece is None else inner.token_to_id(piece)


def _readable(piece: str) -> str:
    return bytes(BYTES[character] for character in piece).decode(errors="backslashreplace")
