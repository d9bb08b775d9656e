"""A text that a model is to write, as tokens."""

from collections.abc import Sequence

from cutaway.data.rows.texts import encode_texts
from cutaway.errors import UserError
from cutaway.text.special import Role
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source


def targets(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens, each behind the token from which a text is written, and with what stands around a source.

    Raises:
        UserError: the tokenizer lacks one of these.
    """
    require_roles(tokenizer, "target", "start", "end")
    assert tokenizer.start is not None
    frame = around_source(tokenizer)
    return [[tokenizer.start, *frame.around(ids)] for ids in encode_texts(tokenizer, texts)]


def require_roles(tokenizer: Tokenizer, side: str, *roles: Role) -> None:
    """Asks for special tokens.

    Raises:
        UserError: the tokenizer of this side lacks one.
    """
    for role in roles:
        if getattr(tokenizer, role) is None:
            raise UserError(f"the tokenizer of the {side} has no token to {role} a text: train another one")
