"""Chats with a model that was trained to answer."""

from collections.abc import Iterator, Sequence

from cutaway.errors import UserError
from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.generation.streaming import stream_text
from cutaway.model.transformer import DecoderOnly
from cutaway.text.templates import Message, ends_of_turn, render_chat
from cutaway.text.tokenizer import Tokenizer


class ChatSession:
    """Answers chats, one after the other; of a chat that continues the last one it reads only what is new.

    The model's weights must not change in the meantime.

    Raises:
        UserError: the tokenizer has no chat template.
    """

    def __init__(self, model: DecoderOnly, tokenizer: Tokenizer, context: int) -> None:
        self._tokenizer = tokenizer
        self._context = context
        self._ends = ends_of_turn(tokenizer)
        self._engine = Engine(model, context, rows=1, vocabulary=tokenizer.vocabulary)

    def stream(self, messages: Sequence[Message], max_new_tokens: int, sampling: Sampling) -> Iterator[str]:
        """The answer to a chat, piece by piece (see `Pipeline.stream_chat`)."""
        if max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more")
        prompt = self._tokenizer.encode(render_chat(self._tokenizer, messages), special=True)
        if not prompt:
            raise UserError("the chat template makes an empty text of this chat: there is nothing to answer")
        room = self._context - len(prompt)
        if room < 1:
            raise UserError(
                f"the chat has {len(prompt)} tokens, but the model takes at most {self._context}: begin a new one"
            )
        request = Request(tuple(prompt), sampling, min(room, max_new_tokens), self._ends)
        return self._text(request, room if room < max_new_tokens else None)

    def _text(self, request: Request, room: int | None) -> Iterator[str]:
        """The text up to the end of the turn; raises an error if the context ends before."""
        handle = self._engine.submit(request)
        try:
            yield from stream_text(self._engine.stream(handle), self._tokenizer.decode, ends=self._ends)
        finally:
            handle.cancel()
        if len(handle.tokens) == room and handle.tokens[-1] not in self._ends:
            raise UserError(
                f"the answer stops because the chat has reached {self._context} tokens, the most that the model takes: "
                f"begin a new one"
            )
