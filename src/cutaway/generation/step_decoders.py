"""Decoders of a batch of rows that grow by one token per step: after sources, and for beam search after prompts."""

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
        """Returns the logits of each text's next token; text i belongs to source i."""
        device = device_of(self._model)
        pairs = zip(texts, self._sources, strict=True)
        rows = [(torch.tensor([text], device=device), source) for text, source in pairs]
        return torch.cat([self._model(row, source=source, read=score_last) for row, source in rows])


class CachedSeq2SeqDecoder:
    """Encodes the sources once, and decodes only new tokens.

    `decode` calls it with whole texts, `beam_search` with last tokens.

    Args:
        model: an encoder-decoder.
        source: token ids, images or frames.
        source_mask: 1 for text, 0 for padding, on either side; None if there is no padding.
        slots: the most tokens of a text, its start token included.
    """

    def __init__(self, model: EncoderDecoder, source: Inputs, source_mask: SourceMask | None, slots: int) -> None:
        device = device_of(model)
        mask = None if source_mask is None else source_mask.to(device)
        self._model = model
        self._unread: tuple[Tensor, Tensor | None] | None = (source.to(device), mask)
        self._cache = model.make_cache(len(source), slots, model.encoder.embedding.slots(source).shape[1])

    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of each text's next token; all are equally long and extend those of the last call."""
        return self._read(torch.tensor([text[self._cache.length :] for text in texts]))

    def step(self, tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Appends a token to each row, and returns the logits of the next."""
        return self._read(tokens[:, None])

    @torch.inference_mode()
    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Replaces row i by row `rows[i]`, its source included."""
        self._cache.reorder(rows.to(device_of(self._model)))

    @torch.inference_mode()
    def _read(self, tokens: Int[Tensor, "B T"]) -> Float[Tensor, "B V"]:
        source, mask = self._unread or (None, None)
        self._unread = None  # the cache holds it from now on
        tokens = tokens.to(device_of(self._model))
        return self._model(tokens, source=source, source_mask=mask, cache=self._cache, read=score_last)


class PromptStepDecoder:
    """Reads all but the last token of each prompt at once, then one token per step of `beam_search`.

    Args:
        model: a decoder.
        prompts: of any lengths above zero; `beam_search` starts with the last token of each.
        slots: the most tokens to append to a prompt.
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
        """Appends a token to each row, and returns the logits of the next."""
        return self._model(tokens[:, None].to(device_of(self._model)), cache=self._cache, read=score_last)

    @torch.inference_mode()
    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Replaces row i by row `rows[i]`."""
        self._cache.reorder(rows.to(device_of(self._model)))
