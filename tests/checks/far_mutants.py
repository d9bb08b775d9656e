"""Bugs that no text of a few tokens shows: beyond a limit, in a window, or in decoding after a padded prompt."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from checks.mutants import Mutant, Patch
from cutaway.checks.subject import Subject
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache
from cutaway.nn.dot_product import Scoring, plain
from cutaway.nn.geometry import Geometry, TokenPositions
from cutaway.nn.positions import Rotary, Sinusoidal


def softcap_before_the_scale(subject: Subject, patch: Patch) -> None:
    def capped(q: Tensor, k: Tensor, v: Tensor, geometry: Geometry, scoring: Scoring, *rest: Any) -> Tensor:
        assert scoring.softcap is not None
        return plain(q, k, v, geometry, replace(scoring, softcap=scoring.softcap * scoring.scale), *rest)

    patch.setattr("cutaway.nn.dot_product.plain", capped)


def softcap_of_one_layer_before_the_scale(subject: Subject, patch: Patch) -> None:
    attention = subject.model.get_submodule("decoder.1.self_attention")
    scoring = attention.scoring
    attention.scoring = replace(scoring, softcap=scoring.softcap * scoring.scale)


def angles_end_at_position_63(subject: Subject, patch: Patch) -> None:
    forward = Rotary.forward
    patch.setattr(Rotary, "forward", lambda self, positions: forward(self, positions.clamp(max=63)))


def angles_of_this_model_end_at_position_63(subject: Subject, patch: Patch) -> None:
    rotary = subject.model.decoder.reaches[0].rotary
    patch.setattr(rotary, "forward", lambda positions: Rotary.forward(rotary, positions.clamp(max=63)))


def angles_end_at_the_original_context(subject: Subject, patch: Patch) -> None:
    forward = Rotary.forward
    patch.setattr(Rotary, "forward", lambda self, positions: forward(self, positions.clamp(max=70)))


def angles_of_padded_texts_end_at_position_63(subject: Subject, patch: Patch) -> None:
    forward = Rotary.forward

    def limited(self: Rotary, positions: Tensor) -> Any:
        return forward(self, positions.clamp(max=63) if len(positions) > 1 else positions)

    patch.setattr(Rotary, "forward", limited)


def waves_end_at_position_63(subject: Subject, patch: Patch) -> None:
    waves = subject.model.decoder.embed.positions
    patch.setattr(waves, "forward", lambda positions: Sinusoidal.forward(waves, positions.clamp(max=63)))


def distances_end_at_the_exact_buckets(subject: Subject, patch: Patch) -> None:
    biases = subject.model.decoder.biases
    patch.setattr(biases, "bucket", lambda past: past.clamp(min=0, max=biases.buckets // 2))


def window_off_by_one(subject: Subject, patch: Patch) -> None:
    right = Geometry.mask.func  # a cached property
    patch.setattr(Geometry, "mask", property(lambda self: right(replace(self, window=self.window + 1))))


def window_of_this_model_off_by_one(subject: Subject, patch: Patch) -> None:
    subject.model.decoder.reaches[0].window = 67


def window_that_captures_do_not_have(subject: Subject, patch: Patch) -> None:
    def unlimited(q: Tensor, k: Tensor, v: Tensor, geometry: Geometry, *rest: Any) -> Tensor:
        return plain(q, k, v, replace(geometry, window=None), *rest)

    patch.setattr("cutaway.nn.dot_product.plain", unlimited)


def window_that_decoding_does_not_have(subject: Subject, patch: Patch) -> None:
    right = Geometry.mask.func

    def mask(geometry: Geometry) -> Tensor:
        return right(replace(geometry, window=None) if geometry.size[0] == 1 else geometry)

    patch.setattr(Geometry, "mask", property(mask))


def padding_is_forgotten_without_a_mask(subject: Subject, patch: Patch) -> None:
    extend = Cache.extend

    def forgetful(self: Cache, tokens: TokenPositions) -> TokenPositions:
        keys = extend(self, tokens)
        return keys if tokens.keep is not None else replace(keys, keep=None)

    patch.setattr(Cache, "extend", forgetful)


def positions_count_padding_without_a_mask(subject: Subject, patch: Patch) -> None:
    counted = Stack.token_positions

    def forgetful(self: Stack, tokens: Tensor, mask: Tensor | None, documents: None, cache: Any) -> TokenPositions:
        found = counted(self, tokens, mask, documents, cache)
        start = 0 if mask is not None or cache is None else cache.length - cache.next_position
        return replace(found, positions=found.positions + start)

    patch.setattr(Stack, "token_positions", forgetful)


def future_seen_beyond_position_63(subject: Subject, patch: Patch) -> None:
    right = Geometry.mask.func
    patch.setattr(Geometry, "is_triangle", False)
    patch.setattr(
        Geometry, "mask", property(lambda self: right(self) | (self.queries.positions > 63)[:, None, :, None])
    )


FAR_MUTANTS = (
    Mutant("attention = equation", "writer", angles_end_at_position_63, "self_attention"),
    Mutant("attention = equation", "latent writer", angles_end_at_position_63, "self_attention"),
    Mutant("attention = equation", "windowed writer", angles_end_at_the_original_context, "self_attention"),
    Mutant("attention = equation", "windowed writer", softcap_before_the_scale, "self_attention"),
    Mutant("attention = equation", "latent writer", softcap_of_one_layer_before_the_scale, "decoder.1.self_attention"),
    Mutant("attention = equation", "windowed writer", window_off_by_one, "self_attention"),
    Mutant("attention = equation", "bucketing translator", window_off_by_one, "self_attention"),
    Mutant("same as transformers", "writer", angles_of_this_model_end_at_position_63),
    Mutant("same as transformers", "translator", waves_end_at_position_63),
    Mutant("same as transformers", "bucketing translator", distances_end_at_the_exact_buckets),
    Mutant("same as transformers", "windowed writer", softcap_of_one_layer_before_the_scale),
    Mutant("same as transformers", "windowed writer", window_of_this_model_off_by_one),
    Mutant("fused = plain", "bucketing translator", window_that_captures_do_not_have),
    Mutant("cached = uncached", "windowed writer", window_that_decoding_does_not_have),
    Mutant("cached = uncached", "writer", padding_is_forgotten_without_a_mask),
    Mutant("cached = uncached", "translator", padding_is_forgotten_without_a_mask),
    Mutant("cached = uncached", "latent writer", positions_count_padding_without_a_mask),
    Mutant("future unseen", "writer", future_seen_beyond_position_63),
    Mutant("padded right = alone", "windowed writer", angles_of_padded_texts_end_at_position_63),
)
