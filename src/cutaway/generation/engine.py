"""An engine that continues many texts at once, each with its own options.

A text is admitted when a row of the cache is free, and leaves its row when it ends, between any two steps (continuous
batching: Yu et al. 2022, section 3.1). A long prompt is read in pieces between the steps of the others (chunked
prefill: Agrawal et al. 2023, section 4).
"""

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.decoding import score_last, shared_beginning, window_start
from cutaway.generation.sampling import Sampler, Sampling, draw
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Hidden, Read
from cutaway.nn.cache import Cache

ContextOverflow = Literal["error", "slide"]
Finish = Literal["end", "length", "cancelled"]

ALONE = 4
"""How many times as many tokens of prompts are read at once while no other text waits for its next token."""
REUSED = 16
"""The shortest beginning of a text that is taken from the cache instead of being read again."""


@dataclass(frozen=True)
class Request:
    """A text to continue.

    Attributes:
        prompt: its tokens, at least one.
        sampling: the options, with a seed of its own.
        max_new_tokens: the most tokens to generate.
        ends: tokens that end the text.
        id: for the caller's use.

    Raises:
        UserError: the prompt is empty, or max_new_tokens is below 1.
    """

    prompt: tuple[int, ...]
    sampling: Sampling = field(default_factory=Sampling)
    max_new_tokens: int = MAX_NEW_TOKENS
    ends: frozenset[int] = frozenset()
    id: Hashable = None

    def __post_init__(self) -> None:
        if not self.prompt:
            raise UserError("a prompt needs at least one token")
        if self.max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more")


class Handle:
    """A submitted request.

    Attributes:
        request: what was asked.
        tokens: generated so far, the end token included.
        finished: why it ended: at an end token, at its maximum length, or cancelled; None while it goes on.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.tokens: list[int] = []
        self.finished: Finish | None = None

    def cancel(self) -> None:
        """Ends the text, if it has not ended; its row is free from the next step on."""
        self.finished = self.finished or "cancelled"


@dataclass(frozen=True)
class Event:
    """A token of a request, which may be its last."""

    handle: Handle
    token: int
    finished: Finish | None = None


class _Text:
    """A text in the engine: all tokens, and the index of the first that the model sees."""

    def __init__(self, handle: Handle, context: int) -> None:
        self.handle = handle
        self.sampler = Sampler(handle.request.sampling)
        self.tokens = list(handle.request.prompt)
        self.start = window_start(len(self.tokens), context)

    @property
    def window(self) -> list[int]:
        """The tokens that the model sees."""
        return self.tokens[self.start :]

    def append(self, token: int) -> Event:
        """Adds a token, which may end the text."""
        handle, request = self.handle, self.handle.request
        self.tokens.append(token)
        handle.tokens.append(token)
        if token in request.ends:
            handle.finished = "end"
        elif len(handle.tokens) == request.max_new_tokens:
            handle.finished = "length"
        return Event(handle, token, handle.finished)


class Engine:
    """Continues the texts of requests; a text does not depend on the others.

    Row i of the cache holds text i of those that get a token in every step, and the rows after them the texts that are
    being read. So a step computes and reads neither free rows nor others. Tokens in a free row remain until it is used
    again: a text that begins with them is not read from its beginning. The model's weights must not change in the
    meantime.

    Args:
        model: in evaluation mode.
        context: the most tokens that it sees.
        rows: the most texts at once.
        slots: the most tokens of a text that are read; by default, the context.
        chunk: the most tokens of prompts that are read between two steps of other texts.
        vocabulary: the number of tokens of the tokenizer: a model may have more, which are never generated.
        context_overflow: whether a text that may outgrow the context is an error, or loses half a context of its first
            tokens whenever it does (`slide`).
    """

    def __init__(
        self,
        model: DecoderOnly,
        context: int,
        *,
        rows: int = 16,
        slots: int | None = None,
        chunk: int = 512,
        vocabulary: int | None = None,
        context_overflow: ContextOverflow = "error",
    ) -> None:
        self.cache = model.make_cache(rows, context if slots is None else min(slots, context))
        self._model = model
        self._context = context
        self._chunk = chunk
        self._vocabulary = vocabulary
        self._overflow = context_overflow
        self._waiting: deque[_Text] = deque()
        self._decoding: list[_Text] = []
        self._reading: list[_Text] = []
        self._held: list[list[int]] = [[] for _ in range(rows)]  # the tokens in each row; slots after them are zero
        self._view: Cache | None = None  # of the rows of `_decoding`

    def submit(self, request: Request) -> Handle:
        """Queues a request.

        Raises:
            UserError: the text may outgrow the context.
            ValueError: it may outgrow the slots of the cache.
        """
        longest, slots = len(request.prompt) + request.max_new_tokens - 1, self.cache.slots or 0
        if longest > self._context and self._overflow == "error":
            raise UserError(
                f"a text of {len(request.prompt)} tokens and {request.max_new_tokens} new ones outgrows the context of "
                f"{self._context} tokens: shorten it, lower max_new_tokens, or choose context_overflow=slide, with "
                f"which the model forgets the beginning"
            )
        if min(longest, self._context) > slots:
            raise ValueError(f"the cache has {slots} slots per text, and {min(longest, self._context)} are needed")
        text = _Text(Handle(request), self._context)
        self._waiting.append(text)
        return text.handle

    @property
    def is_idle(self) -> bool:
        """Whether no text is left to continue."""
        return not (self._waiting or self._reading or self._decoding)

    def run(self) -> Iterator[Event]:
        """Steps until no text is left; requests may be submitted and cancelled in between."""
        while not self.is_idle:
            yield from self.step()

    def stream(self, handle: Handle) -> Iterator[int]:
        """The tokens of a request, as they are generated; steps if there is none yet."""
        known = 0
        while handle.finished is None or known < len(handle.tokens):
            if known == len(handle.tokens):
                self.step()
            else:
                yield handle.tokens[known]
                known += 1

    @torch.inference_mode()
    def step(self) -> list[Event]:
        """One more token for every text that has been read, and a piece of those that have not."""
        self._drop_cancelled()
        logits = self._decode() + self._read()
        if not logits:
            return []
        texts = self._decoding
        known = torch.cat(logits)[:, : self._vocabulary]
        tokens = draw([text.sampler for text in texts], known, [text.tokens for text in texts])
        events = [text.append(token) for text, token in zip(texts, tokens, strict=True)]
        self._retire()
        return events

    def _drop_cancelled(self) -> None:
        self._waiting = deque(text for text in self._waiting if text.handle.finished is None)
        self._retire()

    def _decode(self) -> list[Float[Tensor, "B V"]]:
        """The logits of the texts that were read before, if there are any."""
        if not self._decoding:
            return []
        lengths = [len(text.tokens) - text.start - 1 for text in self._decoding]
        held, view = self._held[: len(lengths)], self._view
        for tokens, length in zip(held, lengths, strict=True):
            del tokens[length:]  # of a step that was interrupted
        if view is None or view.length != max(lengths):
            view = self.cache.rows(0, lengths)
        self._view = None  # unless this pass succeeds
        last = [text.tokens[-1] for text in self._decoding]
        logits = self._forward([[token] for token in last], view, score_last)
        for tokens, token in zip(held, last, strict=True):
            tokens.append(token)
        self._view = view
        return [logits]

    def _read(self) -> list[Float[Tensor, "B V"]]:
        """Reads prompts, the first of them whole if no other text waits for it; the logits of those that end.

        Prompts of the same length are read together.
        """
        is_free = not self._decoding
        found: list[Tensor] = []
        budget = self._chunk * (ALONE if is_free else 1)
        while budget > 0 and self._admit(budget):
            row, window = len(self._decoding), self._reading[0].window
            done = len(self._held[row])
            end = len(window) if is_free and not found else min(len(window), done + budget)
            rows = self._alike(max(1, budget // (end - done))) if end == len(window) else 1
            pieces = [text.window[done:end] for text in self._reading[:rows]]
            is_last = end == len(window)
            view = self.cache.rows(row, [done] * rows)
            logits = self._forward(pieces, view, score_last if is_last else _no_logits)
            for held, piece in zip(self._held[row : row + rows], pieces, strict=True):
                held += piece
                budget -= len(piece)
            if is_last:
                self._view = None
                self._decoding += self._reading[:rows]
                del self._reading[:rows]
                found.append(logits)
        return found

    def _alike(self, most: int) -> int:
        """The number of texts, from the first on, of which as many tokens are read and unread."""
        sizes = [
            (len(self._held[row]), len(text.window)) for row, text in enumerate(self._reading, len(self._decoding))
        ]
        return len(list(takewhile(lambda size: size == sizes[0], sizes[:most])))

    def _forward(self, tokens: Sequence[Sequence[int]], view: Cache, read: Read[Tensor]) -> Tensor:
        return self._model(torch.tensor(tokens, device=device_of(self._model)), cache=view, read=read)

    def _admit(self, budget: int) -> bool:
        """Whether there is a text to read: takes texts from the queue while rows are free and they may be read at once.

        A text that begins as one that is to be read waits for it, and then takes its beginning from its row.
        """
        while self._waiting and len(self._decoding) + len(self._reading) < len(self._held):
            window = self._waiting[0].window
            others = [text.window for text in self._reading]
            is_unlike = any(len(other) != len(window) or shared_beginning(other, window) >= REUSED for other in others)
            if is_unlike or len(window) * len(others) >= budget:
                break
            self._reuse(window[:-1])  # the last token must be read, for its logits
            self._reading.append(self._waiting.popleft())
        return bool(self._reading)

    def _reuse(self, begun: Sequence[int]) -> None:
        """Puts into the next free row what any row holds of a text that begins so."""
        row = len(self._decoding) + len(self._reading)
        shared = [shared_beginning(held, begun) for held in self._held]
        best = max(range(len(shared)), key=lambda other: (shared[other], other == row))
        self._put(best, row, shared[best] if shared[best] >= REUSED else 0)

    def _put(self, source: int, target: int, slots: int) -> None:
        """Makes a row hold the first tokens of another, or of itself, and nothing else."""
        kept = self._held[source][:slots]
        if source != target and slots:
            self.cache.copy_row(source, target, slots)
        self.cache.clear_row(target, slice(slots, max(slots, len(self._held[target]))))
        self._held[target] = kept

    def _retire(self) -> None:
        """Frees the rows of texts that have ended; texts that outgrew the context are the next to be read again."""
        for row, text in reversed(list(enumerate(self._decoding + self._reading))):
            start = window_start(len(text.tokens), self._context)
            if text.handle.finished is None and start == text.start:
                continue
            self._leave(row)
            if text.handle.finished is None:
                text.start = start
                self._waiting.appendleft(text)

    def _leave(self, row: int) -> None:
        """Removes a text; the last one that is decoded moves to its row, and those that are read close the gap."""
        last = len(self._decoding) - 1
        if row <= last:
            if row < last:
                self._put(last, row, len(self._held[last]))
            self._decoding[row] = self._decoding[last]
            self._decoding.pop()
            self._view, gap = None, last
        else:
            del self._reading[row - last - 1]
            gap = row
        for target in range(gap, len(self._decoding) + len(self._reading)):
            self._put(target + 1, target, len(self._held[target + 1]))


def _no_logits(head: nn.Module, hidden: Hidden) -> Tensor:
    """Of a piece of a prompt that goes on."""
    return hidden.states[:0, 0]
