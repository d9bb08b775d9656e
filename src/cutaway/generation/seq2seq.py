"""A text from a source: translations, summaries, captions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from cutaway.data.grouping import in_groups
from cutaway.data.inputs import InputFormat
from cutaway.generation.beams import BeamOptions, beam_search
from cutaway.generation.decoding import decode
from cutaway.generation.hypotheses import Hypothesis
from cutaway.generation.sampling import Sampling
from cutaway.generation.step_decoders import CachedSeq2SeqDecoder
from cutaway.model.transformer import EncoderDecoder
from cutaway.text.tokenizer import Tokenizer

SOURCE_TOKENS_AT_ONCE = 1024
DRAWN_AT_ONCE = 32


@runtime_checkable
class Sources(Protocol):
    """How sources of one modality are read."""

    @property
    def inputs(self) -> InputFormat:
        """How they are batched."""

    @property
    def counted(self) -> Counter[str]:
        """The number of sources that were truncated, by reason."""

    def read(self, given: Sequence[Any]) -> list[Any]:
        """Sources as numbers.

        Raises:
            UserError: a source cannot be read, or the model does not take it.
        """

    def limit(self, source: Any) -> int:
        """The most tokens to generate from a source."""


@dataclass(frozen=True)
class Seq2SeqGenerator:
    """An encoder-decoder with all it needs to write.

    Attributes:
        model: the model.
        sources: what it reads.
        tokenizer: of what it writes.
        context: the most tokens that it was trained to write.
    """

    model: EncoderDecoder
    sources: Sources
    tokenizer: Tokenizer
    context: int

    @property
    def counted(self) -> Counter[str]:
        """How many sources were cut, in words."""
        return self.sources.counted

    @property
    def truncated(self) -> int:
        """How many sources were cut."""
        return self.counted.total()

    def search(self, given: Sequence[Any], options: BeamOptions) -> list[list[dict[str, Any]]]:
        """For each source the best texts that beam search finds, best first (see `Pipeline.translate`).

        A text ends at the limit of its source if not before. Sources with one limit are searched together: what is
        found does not depend on what stands beside it.
        """
        sources, inputs = self.sources.read(given), self.sources.inputs
        limits = [self.sources.limit(source) for source in sources]
        found: dict[int, list[dict[str, Any]]] = {}
        for limit in set(limits):
            chosen = [i for i in range(len(sources)) if limits[i] == limit]
            longest = min(options.max_new_tokens, limit, self._longest)
            search = partial(self._search, replace(options, max_new_tokens=longest))
            some = [sources[i] for i in chosen]
            best = in_groups(
                some, [self._length(source) for source in some], search, SOURCE_TOKENS_AT_ONCE, inputs.shape
            )
            found.update(zip(chosen, best, strict=True))
        return [found[i] for i in range(len(sources))]

    def draw(self, given: Sequence[Any], max_new_tokens: int, sampling: Sampling) -> list[str]:
        """A text for each source, drawn token by token; text i with seed + i, whatever stands beside it."""
        sources = self.sources.read(given)
        drawn: list[str] = []
        for _, alike in groupby(sources, self.sources.inputs.shape):
            neighbours = list(alike)
            for start in range(0, len(neighbours), DRAWN_AT_ONCE):
                some = neighbours[start : start + DRAWN_AT_ONCE]
                drawn += self._draw_some(some, max_new_tokens, replace(sampling, seed=sampling.seed + len(drawn)))
        return drawn

    @torch.inference_mode()
    def _search(self, options: BeamOptions, sources: Sequence[Any]) -> list[list[dict[str, Any]]]:
        *before, last = self._begun
        decoder = self._decoder(sources, len(before) + options.max_new_tokens)
        for token in before:
            decoder.step(torch.full((len(sources),), token))
        found = beam_search(
            decoder,
            [last] * len(sources),
            options,
            vocabulary=self.tokenizer.vocabulary,
            end=self.tokenizer.end,
            forbidden=self._forbidden,
        )
        return [[self._told(hypothesis) for hypothesis in best] for best in found]

    def _draw_some(self, sources: Sequence[Any], max_new_tokens: int, sampling: Sampling) -> list[str]:
        steps = min(max_new_tokens, self._longest)
        decoder = self._decoder(sources, len(self._begun) - 1 + steps)
        written: list[list[int]] = [[] for _ in sources]
        unfinished = set(range(len(sources)))
        for tokens in decode(lambda rows: self._allowed(decoder(rows)), [self._begun] * len(sources), sampling, steps):
            unfinished -= {i for i in unfinished if tokens[i] == self.tokenizer.end}
            for i in unfinished:
                written[i].append(tokens[i])
            if not unfinished:
                break
        return [self.tokenizer.decode(row).strip() for row in written]

    def _length(self, source: Any) -> int:
        """How many vectors the encoder makes of a source."""
        inputs = torch.from_numpy(self.sources.inputs.batch([source])["inputs"])
        return self.model.encoder.embedding.slots(inputs).shape[1]

    def _decoder(self, sources: Sequence[Any], steps: int) -> CachedSeq2SeqDecoder:
        arrays = {name: torch.from_numpy(array) for name, array in self.sources.inputs.batch(sources).items()}
        return CachedSeq2SeqDecoder(self.model, arrays["inputs"], arrays.get("attention_mask"), steps)

    def _allowed(self, logits: Tensor) -> Tensor:
        logits = logits[:, : self.tokenizer.vocabulary].clone()
        logits[:, self._forbidden] = -torch.inf
        return logits

    @property
    def _begun(self) -> list[int]:
        """What every text is written behind."""
        return [token for token in (self.tokenizer.start, self.tokenizer.first) if token is not None]

    @property
    def _longest(self) -> int:
        """How many tokens may be written behind it."""
        return self.context - len(self._begun) + 1

    @property
    def _forbidden(self) -> list[int]:
        """What is never text, but for what ends one: some begin to write behind the end token."""
        tokenizer = self.tokenizer
        never = {tokenizer.pad, tokenizer.start, tokenizer.unknown} - tokenizer.ends
        return [token for token in never if token is not None]

    def _told(self, hypothesis: Hypothesis) -> dict[str, Any]:
        text = self.tokenizer.decode(hypothesis.tokens).strip()
        return {"text": text, "score": hypothesis.score, "log_probability": hypothesis.log_probability}
