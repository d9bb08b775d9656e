"""Rendering a chat as one text by the tokenizer's chat template."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cutaway.errors import UserError
from cutaway.text.tokenizer import Tokenizer

LONGEST_TEMPLATE = 1 << 20
LONGEST_TEXT = 1 << 18
"""Characters that a template may write, beside four times those of the messages."""
SECONDS = 10.0
ANSWER = "\U0010fffe"
"""A placeholder for an answer; a noncharacter, so that no template contains it."""

RENDERING = Path(__file__).with_name("rendering.py")

Message = Mapping[str, Any]
"""Its `role` (system, user, assistant) and its `content`; whatever else a template reads."""


def render_chat(
    tokenizer: Tokenizer, messages: Sequence[Message], *, add_generation_prompt: bool = True, seconds: float = SECONDS
) -> str:
    """The text of a chat; special tokens spelt in its messages are quoted (`Tokenizer.quote`).

    Args:
        tokenizer: with a template.
        messages: the chat so far.
        add_generation_prompt: whether the text ends with the beginning of the assistant's answer.
        seconds: the time limit of the template.

    Raises:
        UserError: there is no template, or it is malformed, too long, too slow or forbidden, or writes too much; or it
            rejects the chat.
    """
    variables = {
        **_tokens(tokenizer),
        "messages": _quoted(messages, tokenizer),
        "add_generation_prompt": add_generation_prompt,
        "tools": None,
        "documents": None,
    }
    return _render(require_template(tokenizer), variables, seconds)


def ends_of_turn(tokenizer: Tokenizer) -> frozenset[int]:
    """The tokens that end an answer: those that end any text, and the special token after an answer in the template.

    Raises:
        UserError: there is no template, or it takes too long.
    """
    behind = _behind_answer(require_template(tokenizer), tuple(_tokens(tokenizer).items()))
    first = tokenizer.encode(behind.lstrip(), special=True)[:1]
    return tokenizer.ends | {token for token in first if tokenizer.is_special(token)}


def require_template(tokenizer: Tokenizer) -> str:
    """The template of a tokenizer.

    Raises:
        UserError: there is none, or it is too long.
    """
    template = tokenizer.chat_template
    if template is None:
        raise UserError("this model has no chat template, so it was not trained to chat: use generate instead")
    if len(template) > LONGEST_TEMPLATE:
        raise UserError(f"the chat template has {len(template):,} characters, and a million is too many")
    return template


class _EndlessError(UserError):
    """A template takes too long."""


@lru_cache(maxsize=8)
def _behind_answer(template: str, tokens: tuple[tuple[str, str], ...]) -> str:
    chat = [{"role": "user", "content": "?"}, {"role": "assistant", "content": ANSWER}]
    variables = {**dict(tokens), "messages": chat, "add_generation_prompt": False, "tools": None, "documents": None}
    try:
        return _render(template, variables, SECONDS).rpartition(ANSWER)[2]
    except _EndlessError:  # it would take as long again
        raise
    except UserError:  # the template rejects this chat, so its end is unknown
        return ""


def _tokens(tokenizer: Tokenizer) -> dict[str, str]:
    return {name: token for name, token in tokenizer.config.items() if name.endswith("_token")}


def _render(template: str, variables: Mapping[str, Any], seconds: float) -> str:
    if find_spec("jinja2") is None:
        raise UserError("a chat template needs jinja2: install it with pip install 'cutaway[hub]'")
    run = f"import runpy, sys; sys.path[:] = {sys.path!r}; runpy.run_path({str(RENDERING)!r}, run_name='__main__')"
    written = json.dumps(variables)
    given = json.dumps({"template": template, "variables": variables, "longest": LONGEST_TEXT + 4 * len(written)})
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", run], input=given, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise _EndlessError(f"the chat template takes more than {seconds:g} seconds: it may never end") from None
    answer = json.loads(done.stdout) if done.returncode == 0 else {"error": "it takes too much memory"}
    if "error" in answer:
        raise UserError(f"the chat template cannot be used: {' '.join(answer['error'].split())[:500]}")
    return str(answer["text"])


def _quoted(value: Any, tokenizer: Tokenizer) -> Any:
    if isinstance(value, str):
        return tokenizer.quote(value)
    if isinstance(value, Mapping):
        return {key: _quoted(one, tokenizer) for key, one in value.items()}
    return [_quoted(one, tokenizer) for one in value] if isinstance(value, Sequence) else value
