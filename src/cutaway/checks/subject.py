"""A model to check, with its inputs."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from cutaway.checks.batch import Batch
from cutaway.checks.example_batches import make_examples
from cutaway.config.layers import layer
from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.model.formats import with_plain_weights
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer

SHORT = 13
"""Tokens of most examples: enough to be split into pieces, and few, so that large models are checked quickly."""
NEAR = 64
"""Positions that every long example exceeds."""
WORK = 10_000_000_000
"""The most tokens of a long example times the model's parameters: about a second on two cores."""
MOST = 1100
"""The most tokens of a long example of a small model, whose attention takes quadratic time."""
BEYOND = 8
"""Tokens of a long example beyond the last limit, and of the shorter long example before it."""

Reference = Callable[..., Tensor]
"""The reference implementation of the same model: takes the same arguments and returns logits.

Its logits at padding are arbitrary.
"""


@dataclass(frozen=True)
class Subject:
    """A model in fp32, with plain weights and in evaluation mode, and random examples of its inputs.

    Attributes:
        model: to check.
        config: its choices.
        tokenizers: by `TARGET` and `SOURCE`; none if it has no text.
        ragged: examples of one row each, of different lengths if the inputs have a length.
        even: as many examples, all as long as the longest of those.
        long: two examples, if possible beyond `NEAR` positions and all `limits`, one a little shorter than the other.
        loaded: the model as it was loaded, perhaps in another dtype, packed or quantized.
        reference: if there is one; takes tensors on the CPU.
        reference_ids: of a text in the reference's own tokenizer, with special tokens.
    """

    model: Transformer
    config: RunConfig
    tokenizers: Mapping[str, Tokenizer]
    ragged: list[Batch]
    even: list[Batch]
    long: list[Batch]
    loaded: Transformer
    reference: Reference | None = None
    reference_ids: Callable[[str], list[int]] | None = None


def limits(config: ModelConfig) -> list[int]:
    """Distances or positions beyond which attention may change: `NEAR`, windows, those of the position schemes."""
    found: list[int | None] = [NEAR]
    for one in kinds_of_layers(config):
        found.append(one.attention.window)
        if one.position.kind == "rotary":
            found.append(getattr(one.position.scaling, "trained_context", None))
        if one.position.kind == "relative":
            found += [one.position.buckets // 4, one.position.buckets // 2, one.position.max_distance]
    return sorted({limit for limit in found if limit is not None})


def longest_unchanging(config: ModelConfig) -> int:
    """The longest text that rotates its first tokens as a shorter one does: with some scalings, the trained context."""
    scalings = [one.position.scaling for one in kinds_of_layers(config) if one.position.kind == "rotary"]
    contexts = [scaling.trained_context for scaling in scalings if scaling.kind in ("dynamic", "longrope")]
    return min([config.context, *contexts])


def kinds_of_layers(config: ModelConfig) -> list[ModelConfig]:
    """The choices of a layer, and of one of the other layers if there are any."""
    other = config.other_layers
    return [config, layer(config, other.layers[0])] if other is not None else [config]


def make_subject(
    model: Transformer,
    config: RunConfig,
    tokenizers: Mapping[str, Tokenizer],
    reference: Reference | None = None,
    reference_ids: Callable[[str], list[int]] | None = None,
) -> Subject:
    """Prepares a model to be checked: switches to evaluation mode, and copies a model that is not plain and in fp32.

    Args:
        model: any; its weights are not changed.
        config: its choices.
        tokenizers: by `TARGET` and `SOURCE`, if it has them.
        reference: computes logits with another implementation.
        reference_ids: gives the token ids of a text in another implementation.
    """
    loaded = model
    model = with_plain_weights(model)
    if any(weight.dtype != torch.float32 for weight in model.parameters()):
        model = deepcopy(model).float()
    parameters = sum(weight.numel() for weight in model.parameters())
    context = longest_unchanging(config.model)
    longest = min(SHORT, context)
    far = min(max(limits(config.model)) + BEYOND, max(NEAR + BEYOND, min(MOST, WORK // parameters)), context)
    lengths = [longest, -(-longest // 3), -(-2 * longest // 3)]
    ragged = make_examples(config.model, tokenizers, lengths, seed=0)
    even = make_examples(config.model, tokenizers, [longest] * len(lengths), seed=1)
    long = make_examples(config.model, tokenizers, [far, max(1, far - BEYOND)], seed=2)
    return Subject(model.eval(), config, tokenizers, ragged, even, long, loaded, reference, reference_ids)
