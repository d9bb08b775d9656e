"""Continuing prompts with a decoder, and scoring texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.drafters import DraftModel, PromptLookup
from cutaway.generation.engine import ContextOverflow, Engine, Handle, Request
from cutaway.generation.sampling import Sampling
from cutaway.generation.scoring import TokenScore, token_log_probabilities
from cutaway.generation.speculative import Draft, SpeculativeGenerator
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

    def generate(
        self,
        prompts: Sequence[str],
        stops: Sequence[str],
        sampling: Sampling,
        limits: Limits,
        draft: Draft | None = None,
    ) -> list[str]:
        """Continues each prompt (see `Pipeline.generate`)."""
        if draft is not None:
            rows = enumerate(prompts)
            return ["".join(self.stream(prompt, stops, sampling.shifted(i), limits, draft)) for i, prompt in rows]
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

    def stream(
        self, prompt: str, stops: Sequence[str], sampling: Sampling, limits: Limits, draft: Draft | None = None
    ) -> Iterator[str]:
        """Continues one prompt, and yields the text in pieces (see `Pipeline.stream`)."""
        begun = self._begin(prompt)
        if draft is None:
            engine, (handle,) = self._submit([begun], sampling, limits)
            tokens = engine.stream(handle)
        else:
            request = self._request(begun, sampling, limits)
            generator = SpeculativeGenerator(self.model, self.context, draft, vocabulary=self.tokenizer.vocabulary)
            tokens = generator.stream(request)
        text = partial(self.tokenizer.decode_behind, begun)
        return stream_text(tokens, text, stops, self.tokenizer.ends)

    def lookup(self, count: int) -> Draft:
        """A draft from what the text contains."""
        return Draft(PromptLookup(self.tokenizer.vocabulary), count)

    def draft_of(self, other: "TextGenerator", count: int) -> Draft:
        """A draft from another model.

        Raises:
            UserError: it has another tokenizer.
        """
        ours, theirs = self.tokenizer, other.tokenizer
        if len(ours) != len(theirs):
            raise UserError(
                f"the draft has {len(theirs)} tokens and the model {len(ours)}: a draft needs the same tokenizer"
            )
        pairs = zip(ours.pieces(range(len(ours))), theirs.pieces(range(len(ours))), strict=True)
        differing = next(((i, one, two) for i, (one, two) in enumerate(pairs) if one != two), None)
        if differing is not None:
            token, one, two = differing
            raise UserError(
                f"token {token} of the draft is {two!r}, and of the model {one!r}: a draft needs the same tokenizer"
            )
        return Draft(DraftModel(other.model, other.context, len(ours)), count)

    def score(self, text: str) -> list[TokenScore]:
        """The log-probability of each token (see `Pipeline.score`)."""
        tokens = [*before_prompt(self.tokenizer), *self.tokenizer.encode(text)]
        if len(tokens) < 2:
            raise UserError("a text needs at least two tokens: the first is given, the others are scored")
        scores = token_log_probabilities(self.model, tokens, self.context)
        return [TokenScore(*one) for one in zip(self.tokenizer.pieces(tokens[1:]), scores, strict=True)]

    def _submit(self, prompts: Sequence[list[int]], sampling: Sampling, limits: Limits) -> tuple[Engine, list[Handle]]:
        """An engine with a request for each prompt."""
        requests = [self._request(prompt, sampling.shifted(i), limits) for i, prompt in enumerate(prompts)]
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

    def _request(self, prompt: list[int], sampling: Sampling, limits: Limits) -> Request:
        return Request(tuple(prompt), sampling, limits.count(len(prompt), self.context), frozenset(self.tokenizer.ends))

    def _begin(self, prompt: str) -> list[int]:
        """The tokens of a prompt; for an empty one the token that begins documents, a line break, or token 0."""
        before = before_prompt(self.tokenizer)
        if before or prompt or self.tokenizer.end is not None:
            return [*before, *self.tokenizer.encode(prompt)] or [self.tokenizer.end or 0]
        try:
            return self.tokenizer.encode("\n")
        except UserError:  # trained on a single line
            return [0]
