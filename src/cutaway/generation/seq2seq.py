"""Generating texts from sources with an encoder-decoder: translations, summaries, captions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from cutaway.data.grouping import in_groups
from cutaway.data.input_formats import InputFormat
from cutaway.generation.beams import BeamOptions, beam_search
from cutaway.generation.decoding import decode
from cutaway.generation.hypotheses import Hypothesis
from cutaway.generation.sampling import Sampling
from cutaway.generation.step_decoders import CachedSeq2SeqDecoder
from cutaway.model.transformer import EncoderDecoder
from cutaway.text.tokenizer import Tokenizer

SOURCE_TOKENS_AT_ONCE = 1024
SAMPLED_AT_ONCE = 32


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
    """An encoder-decoder with its tokenizers.

    Attributes:
        model: the model.
        sources: how its sources are read.
        tokenizer: of the generated text.
        context: the most tokens of a generated text.
    """

    model: EncoderDecoder
    sources: Sources
    tokenizer: Tokenizer
    context: int

    @property
    def counted(self) -> Counter[str]:
        """The number of sources that were truncated, by reason."""
        return self.sources.counted

    @property
    def truncated(self) -> int:
        """The number of sources that were truncated."""
        return self.counted.total()

    def search(self, given: Sequence[Any], options: BeamOptions) -> list[list[dict[str, Any]]]:
        """The best texts of each source by beam search, best first (see `Pipeline.translate`).

        Sources with the same limit are searched together; a result does not depend on the rest of its batch.
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

    def sample(self, given: Sequence[Any], max_new_tokens: int, sampling: Sampling) -> list[str]:
        """A sampled text for each source; text i uses seed + i and does not depend on the rest of its batch."""
        sources = self.sources.read(given)
        sampled: list[str] = []
        for _, alike in groupby(sources, self.sources.inputs.shape):
            neighbours = list(alike)
            for start in range(0, len(neighbours), SAMPLED_AT_ONCE):
                some = neighbours[start : start + SAMPLED_AT_ONCE]
                sampled += self._sample_some(some, max_new_tokens, replace(sampling, seed=sampling.seed + len(sampled)))
        return sampled

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
        return [[self._result(hypothesis) for hypothesis in best] for best in found]

    def _sample_some(self, sources: Sequence[Any], max_new_tokens: int, sampling: Sampling) -> list[str]:
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
        """The number of vectors of an encoded source."""
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
        """The tokens that every text starts with."""
        return [token for token in (self.tokenizer.start, self.tokenizer.first) if token is not None]

    @property
    def _longest(self) -> int:
        """The most tokens after these."""
        return self.context - len(self._begun) + 1

    @property
    def _forbidden(self) -> list[int]:
        """Special tokens that are never generated, except end tokens: some models start with theirs."""
        tokenizer = self.tokenizer
        never = {tokenizer.pad, tokenizer.start, tokenizer.unknown} - tokenizer.ends
        return [token for token in never if token is not None]

    def _result(self, hypothesis: Hypothesis) -> dict[str, Any]:
        text = self.tokenizer.decode(hypothesis.tokens).strip()
        return {"text": text, "score": hypothesis.score, "log_probability": hypothesis.log_probability}
