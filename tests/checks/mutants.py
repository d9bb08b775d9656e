"""Bugs as they were met in the wild, each planted into a sound model or into the code that computes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.checks.example_batches import TARGET
from cutaway.checks.subject import Subject
from cutaway.model.formats import for_inference
from cutaway.nn.attention import Attention, split_heads
from cutaway.nn.cache import LayerCache
from cutaway.nn.dot_product import attend, plain
from cutaway.nn.dropout import drop
from cutaway.nn.geometry import Geometry, TokenPositions, token_positions
from cutaway.nn.norms import LayerNorm
from cutaway.nn.positions import rotate
from cutaway.nn.quantized import EightBits, round_rows
from cutaway.text.tokenizer import Tokenizer

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Mutant:
    """A bug.

    Attributes:
        caught_by: the property that must find it.
        of: the sound model, one of `check.subjects.SUBJECTS`.
        plant: puts it there.
        culprit: what must be blamed, if anything.
    """

    caught_by: str
    of: str
    plant: Callable[[Subject, Patch], None]
    culprit: str = ""


def wrong_scale(subject: Subject, patch: Patch) -> None:
    for module in subject.model.modules():
        if isinstance(module, Attention):
            module.scoring = replace(module.scoring, scale=1 / module.heads.width)


def wrong_scale_where_one_looks(subject: Subject, patch: Patch) -> None:
    patch.setattr("cutaway.nn.dot_product.plain", lambda q, *rest: plain(q / 2, *rest))


def wrong_triangle(subject: Subject, patch: Patch) -> None:
    def mask(geometry: Geometry) -> Tensor:
        return (geometry.queries.positions[:, :, None] <= geometry.keys.positions[:, None, :])[:, None]

    patch.setattr(Geometry, "is_triangle", False)
    patch.setattr(Geometry, "mask", property(mask))


def triangle_shifted_by_one(subject: Subject, patch: Patch) -> None:
    def mask(geometry: Geometry) -> Tensor:
        return (geometry.queries.positions[:, :, None] + 1 >= geometry.keys.positions[:, None, :])[:, None]

    patch.setattr(Geometry, "is_triangle", False)
    patch.setattr(Geometry, "mask", property(mask))


def softmax_over_queries(subject: Subject, patch: Patch) -> None:
    patch.setattr("cutaway.nn.dot_product.softmax", lambda s, mask: s.masked_fill(~mask, -1e9).softmax(dim=-2))


def heads_of_other_groups(subject: Subject, patch: Patch) -> None:
    def tiled(q: Tensor, k: Tensor, v: Tensor, *rest: Any) -> Tensor:
        repeats = q.shape[1] // k.shape[1]
        return plain(q, k.repeat(1, repeats, 1, 1), v.repeat(1, repeats, 1, 1), *rest)

    patch.setattr("cutaway.nn.dot_product.plain", tiled)


def future_leaks_through_the_cache(subject: Subject, patch: Patch) -> None:
    is_full = property(lambda self: self._is_even and self.size[0] < self.size[1])
    patch.setattr(Geometry, "is_full", is_full)


def rotated_after_caching(subject: Subject, patch: Patch) -> None:
    def forward(self: Attention, x: Tensor, geometry: Geometry, cache: Any = None, source: Any = None) -> Tensor:
        q, k, v = (split_heads(layer(x), self.heads.width) for layer in (self.query, self.key, self.value))
        if cache is not None:
            k, v = cache.update("key", k), cache.update("value", v)
        assert geometry.rotation is not None
        cached = k.shape[2] - q.shape[2]
        old = rotate(k[:, :, :cached], tuple(table[:, :, :1] for table in geometry.rotation))  # as if all were new
        k = torch.cat([old, rotate(k[:, :, cached:], geometry.rotation)], dim=2)
        mix = attend(rotate(q, geometry.rotation), k, v, geometry, self.scoring)
        return self.out(mix.transpose(1, 2).flatten(2))

    patch.setattr(Attention, "forward", forward)


def beams_that_stay(subject: Subject, patch: Patch) -> None:
    patch.setattr(LayerCache, "reorder", lambda self, rows: None)


def mask_polarity(subject: Subject, patch: Patch) -> None:
    def inverted(tokens: Tensor, mask: Tensor | None = None, *rest: Any) -> TokenPositions:
        return replace(token_positions(tokens, mask, *rest), keep=None if mask is None else ~mask.bool())

    patch.setattr("cutaway.model.stack.token_positions", inverted)


def positions_that_count_padding(subject: Subject, patch: Patch) -> None:
    def counted(tokens: Tensor, mask: Tensor | None = None, *rest: Any) -> TokenPositions:
        return replace(token_positions(tokens, mask, *rest), positions=torch.arange(tokens.shape[1])[None])

    patch.setattr("cutaway.model.stack.token_positions", counted)


def source_padding_is_read(subject: Subject, patch: Patch) -> None:
    patch.setattr("cutaway.model.transformer.token_positions", lambda hidden, mask: token_positions(hidden))


def mean_over_padding(subject: Subject, patch: Patch) -> None:
    subject.model.head.pool = lambda hidden, mask: hidden.mean(dim=1)


def norm_over_the_batch(subject: Subject, patch: Patch) -> None:
    patch.setattr(LayerNorm, "forward", lambda self, x: x / x.std(dim=0, correction=0).clamp(min=self.epsilon))


def dropout_left_on(subject: Subject, patch: Patch) -> None:
    patch.setattr("cutaway.nn.residual.drop", lambda x, share, training: drop(x, 0.1))


def large_numbers_that_cancel_out(subject: Subject, patch: Patch) -> None:
    subject.model.decoder.norm.bias += 300
    subject.model.head.projection.bias -= 300 * subject.model.head.projection.weight.sum(dim=1)


def device_that_computes_something_else(subject: Subject, patch: Patch) -> None:
    def on_the_processor(model: nn.Module) -> nn.Module:
        model.head.projection.bias += 1
        return model

    patch.setattr("cutaway.checks.computing.device_of", lambda model: torch.device("meta"))
    patch.setattr(type(subject.model), "cpu", on_the_processor)


def transposed_weight(subject: Subject, patch: Patch) -> None:
    weight = subject.model.decoder.blocks[1].self_attention.out.weight
    weight.copy_(weight.T.clone())


def wrong_epsilon(subject: Subject, patch: Patch) -> None:
    for module in subject.model.modules():
        if isinstance(module, LayerNorm):
            module.epsilon *= 10


def untied_head(subject: Subject, patch: Patch) -> None:
    head = subject.model.head
    head.projection.weight = nn.Parameter(head.projection.weight.clone())


def removed_bias(subject: Subject, patch: Patch) -> None:
    subject.model.decoder.blocks[0].feedforward.up.bias = None


def dropped_bias(subject: Subject, patch: Patch) -> None:
    down = subject.model.get_submodule("decoder.0.feedforward.down")
    patch.setattr(down, "forward", lambda x: F.linear(x, down.weight))


def no_number(subject: Subject, patch: Patch) -> None:
    subject.model.decoder.norm.bias[3] = torch.nan


def half_filled(subject: Subject, patch: Patch) -> None:
    subject.model.decoder.blocks[1].feedforward.down.weight[10:] = 0


def folds_case(subject: Subject, patch: Patch) -> None:
    encode = Tokenizer.encode
    patch.setattr(Tokenizer, "encode", lambda self, text, **options: encode(self, text.lower(), **options))


def words_after_a_space(subject: Subject, patch: Patch) -> None:
    tokenizer = subject.tokenizers[TARGET]
    encode = tokenizer.encode
    patch.setattr(tokenizer, "encode", lambda text, **options: encode(f" {text}", **options))


def drops_spaces(subject: Subject, patch: Patch) -> None:
    decode = Tokenizer.decode
    patch.setattr(Tokenizer, "decode", lambda self, *given, **options: decode(self, *given, **options).replace(" ", ""))


def pad_is_end(subject: Subject, patch: Patch) -> None:
    tokenizer = subject.tokenizers[TARGET]
    patch.setattr(tokenizer, "pad", tokenizer.end)


def mask_is_missing(subject: Subject, patch: Patch) -> None:
    patch.setattr(subject.tokenizers[TARGET], "mask", None)


def end_out_of_range(subject: Subject, patch: Patch) -> None:
    patch.setattr(subject.tokenizers[TARGET], "end", 9999)


def scale_of_the_first_row(subject: Subject, patch: Patch) -> None:
    def product(self: EightBits, x: Tensor, bias: Tensor | None) -> Tensor:
        numbers, scales = round_rows(x)
        return self.sums(numbers) * self.parts()[1] * scales[0]

    for_inference(subject.loaded, quantize="q8")
    patch.setattr(EightBits, "product", product)


MUTANTS = (
    Mutant("stored = plain", "writer", scale_of_the_first_row, "."),
    Mutant("same as transformers", "writer", wrong_scale),
    Mutant("fused = plain", "writer", wrong_scale_where_one_looks),
    Mutant("future unseen", "writer", wrong_triangle),
    Mutant("future unseen", "translator", triangle_shifted_by_one),
    Mutant("fused = plain", "writer", softmax_over_queries),
    Mutant("fused = plain", "writer", heads_of_other_groups),
    Mutant("cached = uncached", "writer", future_leaks_through_the_cache),
    Mutant("cached = uncached", "writer", rotated_after_caching),
    Mutant("changed cache = fresh", "writer", beams_that_stay),
    Mutant("changed cache = fresh", "translator", beams_that_stay),
    Mutant("padded right = alone", "writer", mask_polarity),
    Mutant("padding inert", "reader", mask_polarity),
    Mutant("attention = equation", "translator", wrong_scale, "attention"),
    Mutant("padded left = alone", "reader", positions_that_count_padding),
    Mutant("padded right = alone", "translator", source_padding_is_read),
    Mutant("padding inert", "judge", mean_over_padding),
    Mutant("batch = one by one", "reader", norm_over_the_batch),
    Mutant("deterministic", "writer", dropout_left_on),
    Mutant("bf16 near fp32", "writer", large_numbers_that_cancel_out),
    Mutant("CPU = device", "writer", device_that_computes_something_else),
    Mutant("same as transformers", "writer", transposed_weight),
    Mutant("same as transformers", "writer", wrong_epsilon),
    Mutant("saved = loaded", "writer", untied_head, "head.projection.weight"),
    Mutant("saved = loaded", "writer", removed_bias, "decoder.0.feedforward.up.bias"),
    Mutant("weights used", "writer", dropped_bias, "decoder.0.feedforward.down.bias"),
    Mutant("weights finite", "writer", no_number, "decoder.norm.bias"),
    Mutant("weights filled", "writer", half_filled, "decoder.1.feedforward.down.weight"),
    Mutant("ids as transformers", "writer", words_after_a_space),
    Mutant("text comes back", "writer", folds_case),
    Mutant("text comes back", "reader", drops_spaces),
    Mutant("special tokens sane", "translator", pad_is_end, "pad and end are both"),
    Mutant("special tokens sane", "reader", mask_is_missing, "no mask token"),
    Mutant("special tokens sane", "translator", end_out_of_range, "end is token 9999"),
)
