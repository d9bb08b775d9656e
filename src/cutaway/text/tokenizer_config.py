"""`tokenizer_config.json`: the roles of special tokens and the chat template, which `tokenizer.json` lacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tokenizers
from tokenizers import AddedToken

from cutaway.errors import UserError
from cutaway.text.special import Role

SAID: dict[Role, tuple[str, ...]] = {
    "pad": ("pad_token", "pad_token_id"),
    "begin": ("cls_token", "bos_token", "bos_token_id"),
    "start": ("decoder_start_token_id",),
    "first": ("forced_bos_token_id",),
    "separator": ("sep_token", "sep_token_id"),
    "end": ("eos_token", "eos_token_id"),
    "mask": ("mask_token",),
}
"""The names of each role in the configuration, the one with precedence first.

The unknown token is not among them: it is in the tokenizer's model, and many configurations name another one.
"""

WRITTEN: dict[Role, tuple[str, ...]] = {
    "pad": ("pad_token",),
    "unknown": ("unk_token",),
    "begin": ("bos_token", "cls_token"),
    "separator": ("sep_token",),
    "end": ("eos_token",),
    "mask": ("mask_token",),
}
"""The name that is written for each role; there are two names for the token before a text."""

LARGEST = 2**32
"""Token ids of the library are below this."""

LISTS = ("additional_special_tokens", "extra_special_tokens")


@dataclass(frozen=True)
class TokenizerConfig:
    """What is known of a tokenizer besides its `tokenizer.json`.

    Attributes:
        roles: the id of the token of each role; other roles follow from spellings.
        ends: the ids of all tokens that end a text, besides that of the role.
        chat_template: in Jinja.
    """

    roles: Mapping[Role, int] = field(default_factory=dict)
    ends: frozenset[int] = frozenset()
    chat_template: str | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any], inner: tokenizers.Tokenizer) -> "TokenizerConfig":
        """Reads a `tokenizer_config.json`, or several files of a folder merged.

        Tokens that the tokenizer does not have are ignored: configurations often name those of another tokenizer.
        """
        tokens = {role: [_id(config.get(name), inner) for name in names] for role, names in SAID.items()}
        ends = config.get("eos_token_id")
        all_ends = [_id(one, inner) for one in ends] if isinstance(ends, list) else []
        return cls(
            {role: known[0] for role, found in tokens.items() if (known := [one for one in found if one is not None])},
            frozenset(one for one in all_ends if one is not None),
            _template(config.get("chat_template")),
        )

    def config(self, inner: tokenizers.Tokenizer) -> dict[str, Any]:
        """The content of a `tokenizer_config.json` that `of` reads as the same."""
        config: dict[str, Any] = {
            name: inner.id_to_token(self.roles[role])
            for role, names in WRITTEN.items()
            for name in names
            if role in self.roles
        }
        if self.roles.get("start") not in (None, self.roles.get("begin")):
            config["decoder_start_token_id"] = self.roles["start"]
        if "first" in self.roles:
            config["forced_bos_token_id"] = self.roles["first"]
        if len(self.ends) > 1:
            config["eos_token_id"] = sorted(self.ends)
        if self.chat_template is not None:
            config["chat_template"] = self.chat_template
        return config


def register(config: Mapping[str, Any], inner: tokenizers.Tokenizer) -> None:
    """Makes the tokens that a configuration names special: text never becomes such a token by chance."""
    special = {token.content for token in inner.get_added_tokens_decoder().values() if token.special}
    named = [added_token(token, special=True) for token in _named(config) if spelling(token) is not None]
    known = [token for token in named if inner.token_to_id(token.content) is not None]
    inner.add_special_tokens([token for token in known if token.content not in special])


def added_token(config: Any, *, special: bool) -> AddedToken:
    """A token in a configuration: a text, or a record of how it is matched in text.

    Raises:
        UserError: it is neither.
    """
    content = spelling(config)
    if content is None:
        raise UserError(f"{config!r} is not a token: expected a text, or an object with a content")
    flags = config if isinstance(config, dict) else {}
    return AddedToken(
        content,
        special=special or flags.get("special") is True,
        normalized=flags.get("normalized") is True,
        **{flag: flags.get(flag) is True for flag in ("lstrip", "rstrip", "single_word")},
    )


def spelling(token: Any) -> str | None:
    """The text of a token in a configuration, if it is one."""
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None


def _named(config: Mapping[str, Any]) -> Iterator[Any]:
    for name, value in config.items():
        if name.endswith("_token"):
            yield value
    for name in LISTS:
        several = config.get(name)
        yield from several.values() if isinstance(several, dict) else several if isinstance(several, list) else ()


def _id(value: Any, inner: tokenizers.Tokenizer) -> int | None:
    """The id of a token given by its spelling, its id, or several ids (the first); None if there is no such token."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, int):
        return value if 0 <= value < LARGEST and inner.id_to_token(value) is not None else None
    content = spelling(value)
    return None if content is None else inner.token_to_id(content)


def _template(config: Any) -> str | None:
    """The chat template; of several by name, `default`."""
    if isinstance(config, list):
        config = {one.get("name"): one.get("template") for one in config if isinstance(one, dict)}.get("default")
    return config if isinstance(config, str) else None
