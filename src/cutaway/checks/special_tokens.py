"""Special tokens must exist, be distinct, and be special."""

from collections.abc import Iterator, Mapping
from typing import get_args

from cutaway.checks.example_batches import SOURCE, TARGET
from cutaway.checks.measure import Measurement, NotForThis, named
from cutaway.checks.subject import Subject
from cutaway.checks.text import NO_TEXT
from cutaway.config.model import ModelConfig
from cutaway.text.special import Role
from cutaway.text.tokenizer import Tokenizer

Tokens = Mapping[Role, int | None]
"""The token of each role, if there is one."""

NEEDED: dict[str, Role] = {
    "masked_language_modeling": "mask",
    "sequence_to_sequence": "end",
    "image_captioning": "end",
}
"""By task, the token that the tokenizer of what is written must have."""

DISTINCT: dict[Role, tuple[Role, ...]] = {
    "pad": ("begin", "separator", "end", "unknown", "mask"),
    "mask": ("begin", "start", "separator", "end", "unknown"),
}
"""Roles that must not share a token: a loss that ignores padding would ignore end tokens too.

Decoders are exempt: they are trained without padding, and many use the end token for want of a padding token.
"""


def special_tokens_are_sane(subject: Subject) -> Measurement | NotForThis:
    """The number of special tokens that are missing, shared between roles, not special, or out of range."""
    if not subject.tokenizers:
        return NotForThis(NO_TEXT)
    config = subject.config
    complaints: list[str] = []
    for name, tokenizer in subject.tokenizers.items():
        tokens: dict[Role, int | None] = {role: getattr(tokenizer, role) for role in get_args(Role)}
        complaints += _out_of_range(tokenizer, tokens, _size(config.model, name))
        complaints += _misspelt(tokenizer, tokens)
        if config.model.architecture != "decoder":
            complaints += _shared(tokens)
        needed = NEEDED.get(config.task.kind)
        if name == TARGET and needed is not None and tokens[needed] is None:
            complaints.append(f"there is no {needed} token")
    return Measurement(len(complaints), 0, named(complaints))


def _size(config: ModelConfig, name: str) -> int:
    """The vocabulary size of the model on this side."""
    own = config.source_vocabulary if name == SOURCE else None  # the sides may share one
    return own or config.vocabulary or 0


def _out_of_range(tokenizer: Tokenizer, tokens: Tokens, size: int) -> Iterator[str]:
    if tokenizer.vocabulary > size:
        yield f"the tokenizer has {tokenizer.vocabulary} tokens, but the model has {size}"
    for role, token in tokens.items():
        if token is not None and not 0 <= token < size:
            yield f"{role} is token {token} of {size}"


def _misspelt(tokenizer: Tokenizer, tokens: Tokens) -> Iterator[str]:
    for role, token in tokens.items():
        if token is None or role == "unknown":  # an unknown token need not be special
            continue
        spelt = tokenizer.decode([token], skip_special_tokens=False)
        if tokenizer.encode(spelt, special=True) != [token]:
            yield f"{role} is token {token}, but {spelt!r} is not read as that token"


def _shared(tokens: Tokens) -> Iterator[str]:
    for role, others in DISTINCT.items():
        for other in others:
            if tokens[role] is not None and tokens[role] == tokens[other]:
                yield f"{role} and {other} are both token {tokens[role]}"
