"""A model to check, with its inputs."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from cutaway.checks.batch import Batch
from cutaway.checks.example_batches import make_examples
from cutaway.config.run import RunConfig
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer

LONGEST = 13
"""Tokens of the longest example: enough to be split into pieces, and few, so that large models are checked quickly."""

Reference = Callable[..., Tensor]
"""The reference implementation of the same model: takes the same arguments and returns logits.

Its logits at padding are arbitrary.
"""


@dataclass(frozen=True)
class Subject:
    """A model in fp32 and in evaluation mode, and random examples of its inputs.

    Attributes:
        model: to check.
        config: its choices.
        tokenizers: by `TARGET` and `SOURCE`; none if it has no text.
        ragged: examples of one row each, of different lengths if the inputs have a length.
        even: as many examples, all as long as the longest of those.
        reference: if there is one; takes tensors on the CPU.
    """

    model: Transformer
    config: RunConfig
    tokenizers: Mapping[str, Tokenizer]
    ragged: list[Batch]
    even: list[Batch]
    reference: Reference | None = None


def make_subject(
    model: Transformer,
    config: RunConfig,
    tokenizers: Mapping[str, Tokenizer],
    reference: Reference | None = None,
) -> Subject:
    """Prepares a model to be checked: switches to evaluation mode, and copies a model that is not in fp32.

    Args:
        model: any; its weights are not changed.
        config: its choices.
        tokenizers: by `TARGET` and `SOURCE`, if it has them.
        reference: computes logits with another implementation.
    """
    if any(weight.dtype != torch.float32 for weight in model.parameters()):
        model = deepcopy(model).float()
    longest = min(LONGEST, config.model.context)
    lengths = [longest, -(-longest // 3), -(-2 * longest // 3)]
    ragged = make_examples(config.model, tokenizers, lengths, seed=0)
    even = make_examples(config.model, tokenizers, [longest] * len(lengths), seed=1)
    return Subject(model.eval(), config, tokenizers, ragged, even, reference)
