"""A model to be checked, and all that it is checked on."""

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
"""Tokens in the longest example: enough to be cut into pieces, and few, so that a large model is checked soon."""

Reference = Callable[..., Tensor]
"""The same model as others compute it: takes what ours takes, by the same names, and returns logits.

What they are at padding is arbitrary.
"""


@dataclass(frozen=True)
class Subject:
    """A model in fp32 that is not training, and seeded random examples of what it reads.

    Attributes:
        model: what is checked.
        config: the choices that it was made by.
        tokenizers: by `TARGET` and `SOURCE`; none if it reads and writes no text.
        ragged: examples of one row each, all of different lengths if what it reads has a length.
        even: others, as many, all as long as the longest of those.
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
    """Makes a model ready to be checked: it stops training, and one that is not in fp32 is copied.

    Args:
        model: any; its weights stay as they are.
        config: the choices that it was made by.
        tokenizers: by `TARGET` and `SOURCE`, those that it has.
        reference: what tells its logits as others compute them.
    """
    if any(weight.dtype != torch.float32 for weight in model.parameters()):
        model = deepcopy(model).float()
    longest = min(LONGEST, config.model.context)
    lengths = [longest, -(-longest // 3), -(-2 * longest // 3)]
    ragged = make_examples(config.model, tokenizers, lengths, seed=0)
    even = make_examples(config.model, tokenizers, [longest] * len(lengths), seed=1)
    return Subject(model.eval(), config, tokenizers, ragged, even, reference)
