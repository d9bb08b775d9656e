"""A text from a text: translations, summaries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from cutaway.data.padding import pad_with_mask
from cutaway.data.rows.pairs import PairTokenizers
from cutaway.data.rows.texts import cut
from cutaway.generate.beams import BeamOptions, beam_search
from cutaway.generate.decoding import decode
from cutaway.generate.hypotheses import Hypothesis
from cutaway.generate.reading import CachedSourceReader
from cutaway.generate.sampling import Sampling
from cutaway.model.device import device_of
from cutaway.model.transformer import EncoderDecoder
from cutaway.verbs.batching import in_batches, require_fitting, require_no_empty

SOURCE_TOKENS_AT_ONCE = 1024
LENGTHS_TOGETHER = 8
"""Lengths of sources that are searched together, with one limit for what is written."""
DRAWN_AT_ONCE = 32


@dataclass(frozen=True)
class Rewriter:
    """An encoder-decoder with its tokenizers.

    Attributes:
        model: the model.
        tokenizers: of both sides.
        context: the most tokens that it was trained to read or write.
        truncate: whether sources that are longer are cut; else they are refused.
        counted: how many were.
    """

    model: EncoderDecoder
    tokenizers: PairTokenizers
    context: int
    truncate: bool = False
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def truncated(self) -> int:
        """How many sources were cut."""
        return self.counted.total()

    def search(self, texts: Sequence[str], options: BeamOptions) -> list[list[dict[str, Any]]]:
        """For each source the best texts that beam search finds, best first (see `Pipeline.translate`).

        A text ends at about twice the tokens of its source, and ten more, if not before. Sources with one such limit
        are searched together: what is found does not depend on what stands beside it.
        """
        sources = self._sources(texts)
        limits = [2 * -(-len(source) // LENGTHS_TOGETHER) * LENGTHS_TOGETHER + 10 for source in sources]
        found: dict[int, list[dict[str, Any]]] = {}
        for limit in set(limits):
            chosen = [i for i in range(len(sources)) if limits[i] == limit]
            longest = min(options.max_new_tokens, limit, self.context)
            search = partial(self._search, replace(options, max_new_tokens=longest))
            some = [sources[i] for i in chosen]
            best = in_batches(some, search, device_of(self.model), tokens_at_once=SOURCE_TOKENS_AT_ONCE)
            found.update(zip(chosen, best, strict=True))
        return [found[i] for i in range(len(sources))]

    def draw(self, texts: Sequence[str], max_new_tokens: int, sampling: Sampling) -> list[str]:
        """A text for each source, drawn token by token; text i with seed + i, whatever stands beside it."""
        sources = self._sources(texts)
        drawn: list[str] = []
        for start in range(0, len(sources), DRAWN_AT_ONCE):
            some = sources[start : start + DRAWN_AT_ONCE]
            drawn += self._draw_some(some, max_new_tokens, replace(sampling, seed=sampling.seed + start))
        return drawn

    @torch.inference_mode()
    def _search(self, options: BeamOptions, source: Tensor, mask: Tensor | None) -> list[list[dict[str, Any]]]:
        target = self.tokenizers.target
        found = beam_search(
            self._reader(source, mask, options.max_new_tokens),
            [self._begin] * len(source),
            options,
            vocabulary=target.vocabulary,
            end=target.end,
            forbidden=self._forbidden,
        )
        return [[self._told(hypothesis) for hypothesis in best] for best in found]

    def _draw_some(self, sources: Sequence[Sequence[int]], max_new_tokens: int, sampling: Sampling) -> list[str]:
        target = self.tokenizers.target
        arrays = pad_with_mask(sources, "source", "mask")
        source = torch.from_numpy(arrays["source"])
        mask = torch.from_numpy(arrays["mask"]) if "mask" in arrays else None
        steps = min(max_new_tokens, self.context)
        reader = self._reader(source, mask, steps)
        written: list[list[int]] = [[] for _ in sources]
        unfinished = set(range(len(sources)))
        for tokens in decode(lambda rows: self._allowed(reader(rows)), [[self._begin]] * len(sources), sampling, steps):
            unfinished -= {i for i in unfinished if tokens[i] == target.end}
            for i in unfinished:
                written[i].append(tokens[i])
            if not unfinished:
                break
        return [target.decode(row).strip() for row in written]

    def _sources(self, texts: Sequence[str]) -> list[list[int]]:
        require_no_empty(texts, "cannot be rewritten")
        rows = self.tokenizers.read(texts)
        if self.truncate:
            return cut(rows, self.context, self.counted)
        require_fitting(rows, self.context)
        return rows

    def _reader(self, source: Tensor, mask: Tensor | None, steps: int) -> CachedSourceReader:
        keep = torch.ones_like(source, dtype=torch.bool) if mask is None else mask
        return CachedSourceReader(self.model, source, keep, steps)

    def _allowed(self, logits: Tensor) -> Tensor:
        logits = logits[:, : self.tokenizers.target.vocabulary].clone()
        logits[:, self._forbidden] = -torch.inf
        return logits

    @property
    def _begin(self) -> int:
        assert self.tokenizers.target.begin is not None
        return self.tokenizers.target.begin

    @property
    def _forbidden(self) -> list[int]:
        target = self.tokenizers.target
        return [token for token in (target.pad, target.begin, target.unknown) if token is not None]

    def _told(self, hypothesis: Hypothesis) -> dict[str, Any]:
        text = self.tokenizers.target.decode(hypothesis.tokens).strip()
        return {"text": text, "score": hypothesis.score, "log_probability": hypothesis.log_probability}
