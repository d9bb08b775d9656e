"""Continuing prompts with a decoder, and scoring texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.engine import ContextOverflow, Engine, Handle, Request
from cutaway.generation.sampling import Sampling
from cutaway.generation.scoring import TokenScore, token_log_probabilities
from cutaway.generation.streaming import first_stop, stream_text
from cutaway.model.transformer import DecoderOnly
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import before_prompt

AT_ONCE = 32
"""The most texts that are continued at once."""


@dataclass(frozen=True)
class Limits:
    """How long a text may become.

    Attributes:
        max_new_tokens: the most tokens to generate; None for the default, or as many as the context has room for.
        context_overflow: whether a text that may outgrow the context is an error, or loses half a context of its first
            tokens whenever it does (`slide`).
        default: the number without `max_new_tokens`.

    Raises:
        UserError: a value is out of range.
    """

    max_new_tokens: int | None = None
    context_overflow: ContextOverflow = "error"
    default: int = MAX_NEW_TOKENS

    def __post_init__(self) -> None:
        if self.context_overflow not in get_args(ContextOverflow):
            raise UserError(f"context_overflow is error or slide, not {self.context_overflow!r}")
        if self.max_new_tokens is not None and self.max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more")

    def count(self, prompt: int, context: int) -> int:
        """The most tokens to generate after a prompt of this length."""
        if self.max_new_tokens is not None:
            return self.max_new_tokens
        if self.context_overflow == "slide":
            return self.default
        return min(self.default, max(1, context - prompt + 1))


@dataclass(frozen=True)
class TextGenerator:
    """A decoder language model with its tokenizer.

    Attributes:
        model: the model.
        tokenizer: of the model.
        context: the size of its window in tokens.
    """

    model: DecoderOnly
    tokenizer: Tokenizer
    context: int

    def generate(self, prompts: Sequence[str], stops: Sequence[str], sampling: Sampling, limits: Limits) -> list[str]:
        """Continues each prompt (see `Pipeline.generate`)."""
        begun = [self._begin(prompt) for prompt in prompts]
        engine, handles = self._submit(begun, sampling, limits)
        texts = {
            handle: partial(self.tokenizer.decode_behind, prompt) for handle, prompt in zip(handles, begun, strict=True)
        }
        for event in engine.run():
            if stops and first_stop(texts[event.handle](event.handle.tokens), stops) is not None:
                event.handle.cancel()
        ends = self.tokenizer.ends
        return ["".join(stream_text(handle.tokens, texts[handle], stops, ends)) for handle in handles]

    def stream(self, prompt: str, stops: Sequence[str], sampling: Sampling, limits: Limits) -> Iterator[str]:
        """Continues one prompt, and yields the text in pieces (see `Pipeline.stream`)."""
        begun = self._begin(prompt)
        engine, (handle,) = self._submit([begun], sampling, limits)
        text = partial(self.tokenizer.decode_behind, begun)
        return stream_text(engine.stream(handle), text, stops, self.tokenizer.ends)

    def score(self, text: str) -> list[TokenScore]:
        """The log-probability of each token (see `Pipeline.score`)."""
        tokens = [*before_prompt(self.tokenizer), *self.tokenizer.encode(text)]
        if len(tokens) < 2:
            raise UserError("a text needs at least two tokens: the first is given, the others are scored")
        scores = token_log_probabilities(self.model, tokens, self.context)
        return [TokenScore(*one) for one in zip(self.tokenizer.pieces(tokens[1:]), scores, strict=True)]

    def _submit(self, prompts: Sequence[list[int]], sampling: Sampling, limits: Limits) -> tuple[Engine, list[Handle]]:
        """An engine with a request for each prompt."""
        ends, counts = frozenset(self.tokenizer.ends), [limits.count(len(prompt), self.context) for prompt in prompts]
        requests = [
            Request(tuple(prompt), sampling.shifted(i), count, ends, i)
            for i, (prompt, count) in enumerate(zip(prompts, counts, strict=True))
        ]
        longest = max((len(request.prompt) + request.max_new_tokens - 1 for request in requests), default=1)
        engine = Engine(
            self.model,
            self.context,
            rows=min(len(requests), AT_ONCE),
            slots=longest,
            vocabulary=self.tokenizer.vocabulary,  # a model may have more, which mean nothing
            context_overflow=limits.context_overflow,
        )
        return engine, [engine.submit(request) for request in requests]

    def _begin(self, prompt: str) -> list[int]:
        """The tokens of a prompt; for an empty one the token that begins documents, a line break, or token 0."""
        before = before_prompt(self.tokenizer)
        if before or prompt or self.tokenizer.end is not None:
            return [*before, *self.tokenizer.encode(prompt)] or [self.tokenizer.end or 0]
        try:
            return self.tokenizer.encode("\n")
        except UserError:  # trained on a single line
            return [0]
