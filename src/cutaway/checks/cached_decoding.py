"""A decoder must attend to the past, with or without a cache, and not to the future."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from cutaway.checks.batch import Batch, join, kept
from cutaway.checks.measure import ROUNDING, Measurement, NotForThis, difference
from cutaway.checks.subject import Subject
from cutaway.model.device import device_of
from cutaway.model.heads import LanguageHead, TokenHead
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, EncoderOnly, Hidden
from cutaway.nn.cache import Cache

Decoder = DecoderOnly | EncoderDecoder

NO_DECODER = "an encoder attends to the whole text"


def cached_equals_uncached(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits of texts read at once and in pieces with a cache, padded on the left or not.

    Padded texts are also read as in generation: a prompt with its mask, and then tokens without any.
    """
    if isinstance(subject.model, EncoderOnly):
        return NotForThis(NO_DECODER)
    found, expected = [], []
    padded, long = join(subject.ragged, "left"), join(subject.long, "left")
    ways = [(join(subject.even), _pieces), (padded, _pieces), (padded, _prompt_and_tokens)]
    ways += [(join(subject.long[:1]), _pieces), (long, _prompt_and_tokens)]
    for batch, cut in ways:
        found += kept(_in_pieces(subject.model, batch, cut), batch)
        expected += kept(_states(subject.model, batch), batch)
    return Measurement(difference(found, expected), ROUNDING)


def changed_cache_equals_fresh(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits after a cache was reordered and truncated, as for beams and speculation, and without."""
    if isinstance(subject.model, EncoderOnly):
        return NotForThis(NO_DECODER)
    model, batch = subject.model, join(subject.even)
    length = batch.inputs.shape[1]
    order, left = torch.tensor([2, 0, 2]), length // 2
    cache = _make_cache(model, batch)
    _states(model, batch, cache)
    cache.reorder(order.to(device_of(model)))
    cache.truncate(left)
    changed = batch[order]
    changed = replace(changed, inputs=torch.cat([changed.inputs[:, :left], changed.inputs[:, left:].flip(0)], dim=1))
    continued = _states(model, Batch(changed.inputs[:, left:]), cache)
    return Measurement(difference(continued, _states(model, changed)[:, left:]), ROUNDING)


def future_is_unseen(subject: Subject) -> Measurement | NotForThis:
    """Compares the logits of the past when all later tokens change: at each position of a text, two of a long one."""
    if isinstance(subject.model, EncoderOnly):
        return NotForThis(NO_DECODER)
    found, expected = [], []
    long = subject.long[0]
    length, end = subject.even[0].inputs.shape[1], long.inputs.shape[1] - 1
    texts = [(subject.even[0], subject.even[1].inputs, list(range(length)))]
    texts += [(long, long.inputs.roll(1, dims=1), [end // 2, max(0, end - 1)])]
    for text, other, lasts in texts:
        rows = text[[0] * len(lasts)]
        past = torch.arange(rows.inputs.shape[1]) <= torch.tensor(lasts)[:, None]
        changed = replace(rows, inputs=torch.where(past, rows.inputs, other))
        found.append(_states(subject.model, changed)[past])
        expected.append(_states(subject.model, rows)[past])
    return Measurement(difference(found, expected), ROUNDING)


def _states(model: Decoder, batch: Batch, cache: Cache | None = None) -> Tensor:
    """The logits at each position, (B, T, V), or the hidden states if the head pools; on the CPU."""
    shown = batch.to(device_of(model))
    outputs: Tensor = model(shown.inputs, **shown.arguments, cache=cache, read=_read_each_place)
    return outputs.float().cpu()


def _read_each_place(head: nn.Module, hidden: Hidden) -> Tensor:
    return head(hidden.states) if isinstance(head, LanguageHead | TokenHead) else hidden.states


def _in_pieces(model: Decoder, batch: Batch, cut: Callable[[Batch], Iterator[Batch]]) -> Tensor:
    cache = _make_cache(model, batch)
    return torch.cat([_states(model, piece, cache) for piece in cut(batch)], dim=1)


def _pieces(batch: Batch) -> Iterator[Batch]:
    """Several tokens, one, one, twice several, and the last one, which may attend to the most."""
    length = batch.inputs.shape[1]
    third = length // 3
    yield from _cut(batch, {third, third + 1, third + 2, length - third, length - 1})


def _prompt_and_tokens(batch: Batch) -> Iterator[Batch]:
    """The prompt until every row has text; then, without a mask, one token, one, several, and the last one."""
    mask = batch.attention_mask
    prompt = 1 if mask is None else int((~mask).sum(dim=1).max()) + 1
    first, *others = _cut(batch, {prompt, prompt + 1, prompt + 2, batch.inputs.shape[1] - 1})
    yield first
    yield from (replace(piece, attention_mask=None) for piece in others)


def _cut(batch: Batch, cuts: set[int]) -> Iterator[Batch]:
    """The pieces between these places; the source is read with the first."""
    length = batch.inputs.shape[1]
    places = sorted(cuts & set(range(1, length)))
    for start, end in zip([0, *places], [*places, length], strict=True):
        mask = None if batch.attention_mask is None else batch.attention_mask[:, start:end]
        inputs = batch.inputs[:, start:end]
        yield replace(batch, inputs=inputs, attention_mask=mask) if start == 0 else Batch(inputs, mask)


def _make_cache(model: Decoder, batch: Batch) -> Cache:
    rows, length = batch.inputs.shape
    if isinstance(model, DecoderOnly):
        return model.make_cache(rows, length)
    sources = 0 if batch.source is None else model.encoder.embedding.slots(batch.source).shape[1]
    return model.make_cache(rows, length, sources)
