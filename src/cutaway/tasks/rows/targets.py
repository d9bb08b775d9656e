"""A text that a model is to write, as tokens."""

from collections.abc import Sequence

from cutaway.errors import UserError
from cutaway.tasks.rows.texts import encode_texts
from cutaway.text.special import Role
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source


def targets(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens, each behind the token from which a text is written, and with what stands around a source.

    Raises:
        UserError: the tokenizer lacks one of these.
    """
    start = require_role(tokenizer, "target", "start")
    require_role(tokenizer, "target", "end")
    frame = around_source(tokenizer)
    return [[start, *frame.around(ids)] for ids in encode_texts(tokenizer, texts)]


def require_role(tokenizer: Tokenizer, side: str, role: Role) -> int:
    """The special token of a role.

    Raises:
        UserError: the tokenizer of this side lacks it.
    """
    token: int | None = getattr(tokenizer, role)
    if token is None:
        raise UserError(f"the tokenizer of the {side} has no token to {role} a text: train another one")
    return token
