"""Rows that stand in one cache and grow by a token at a time: what follows a source, and beams behind prompts."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cutaway.generation.decoding import pad_left, score_last
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, Inputs

SourceMask = Int[Tensor, "B Ts"] | Bool[Tensor, "B Ts"]


class UncachedSeq2SeqDecoder:
    """Reads each source and all that follows it anew at every step: the reference for the cached decoder."""

    def __init__(self, model: EncoderDecoder, source: Int[Tensor, "B Ts"], source_mask: SourceMask) -> None:
        rows = zip(source, source_mask.bool(), strict=True)
        self._model = model
        self._sources = [row[keep][None].to(device_of(model)) for row, keep in rows]

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns logits of the next token of each text; text i is written from source i."""
        device = device_of(self._model)
        pairs = zip(texts, self._sources, strict=True)
        rows = [(torch.tensor([text], device=device), source) for text, source in pairs]
        return torch.cat([self._model(row, source=source, read=score_last) for row, source in rows])


class CachedSeq2SeqDecoder:
    """Reads the sources once, and of what is written behind them only what is new.

    It serves `decode`, which gives it whole texts, and `beam_search`, which gives it last tokens.

    Args:
        model: one that has an encoder and a decoder.
        source: what is read: ids, images or frames.
        source_mask: 1 for text, 0 for padding, on either side; none if nothing is padding.
        slots: how many tokens a text may have, the one that begins it included.
    """

    def __init__(self, model: EncoderDecoder, source: Inputs, source_mask: SourceMask | None, slots: int) -> None:
        device = device_of(model)
        mask = None if source_mask is None else source_mask.to(device)
        self._model = model
        self._unread: tuple[Tensor, Tensor | None] | None = (source.to(device), mask)
        self._cache = model.make_cache(len(source), slots, model.encoder.embedding.slots(source).shape[1])

    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns logits of the next token of each text; all are of one length, and each continues what it was."""
        return self._read(torch.tensor([text[self._cache.length :] for text in texts]))

    def step(self, tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Adds a token to each row and returns logits of the next."""
        return self._read(tokens[:, None])

    @torch.inference_mode()
    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Makes row i what row `rows[i]` was, its source included."""
        self._cache.reorder(rows.to(device_of(self._model)))

    @torch.inference_mode()
    def _read(self, tokens: Int[Tensor, "B T"]) -> Float[Tensor, "B V"]:
        source, mask = self._unread or (None, None)
        self._unread = None  # from now on the cache knows it
        tokens = tokens.to(device_of(self._model))
        return self._model(tokens, source=source, source_mask=mask, cache=self._cache, read=score_last)


class PromptStepDecoder:
    """Reads all but the last token of each prompt at once, and then what `beam_search` writes behind them.

    Args:
        model: one that has a decoder only.
        prompts: of any lengths but none; `beam_search` begins with the last token of each.
        slots: how many tokens may be written behind a prompt.
    """

    @torch.inference_mode()
    def __init__(self, model: DecoderOnly, prompts: Sequence[Sequence[int]], slots: int) -> None:
        device = device_of(model)
        tokens, mask = pad_left(prompts)
        self._model = model
        self._cache = model.make_cache(len(prompts), tokens.shape[1] + slots)
        if tokens.shape[1] > 1:
            mask = None if mask is None else mask[:, :-1].to(device)
            model(tokens[:, :-1].to(device), attention_mask=mask, cache=self._cache, read=lambda head, hidden: None)

    @torch.inference_mode()
    def step(self, tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Adds a token to each row and returns logits of the next."""
        return self._model(tokens[:, None].to(device_of(self._model)), cache=self._cache, read=score_last)

    @torch.inference_mode()
    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Makes row i what row `rows[i]` was."""
        self._cache.reorder(rows.to(device_of(self._model)))
