"""Sampling the next token from logits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from typing_extensions import TypedDict

from cutaway.errors import UserError

ROUNDING = 1e-9
"""More than the rounding errors of a sum of probabilities in double precision."""


@dataclass(frozen=True)
class Sampling:
    """How a token is sampled; the options apply in this order.

    Attributes:
        repetition_penalty: divides positive logits of tokens that the text contains, multiplies negative ones; 1 has no
            effect (Keskar et al. 2019, section 4.1).
        temperature: divides the logits; 0 takes the most likely token (greedy).
        top_k: samples from this many of the most likely tokens (Fan et al. 2018).
        top_p: samples from the fewest tokens whose probabilities reach this sum (Holtzman et al. 2020).
        min_p: samples from tokens whose probability is at least this fraction of the highest (Nguyen et al. 2024).
        seed: row i of a batch is sampled with seed + i, as it would be alone; from 0 to 2⁶³ − 1.

    Raises:
        UserError: a value is out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        checks = {
            "temperature must be 0 (greedy) or more, and finite": 0 <= self.temperature < math.inf,
            "top_k must be 1 or more": self.top_k is None or self.top_k >= 1,
            "top_p must be above 0, and 1 at most": self.top_p is None or 0 < self.top_p <= 1,
            "min_p must be between 0 and 1": self.min_p is None or 0 <= self.min_p <= 1,
            "repetition_penalty must be above 0, and finite": 0 < self.repetition_penalty < math.inf,
            "seed must be 0 or more, and below 2 to the 63rd": 0 <= self.seed < 1 << 63,
        }
        for demand, holds in checks.items():
            if not holds:
                raise UserError(demand)

    def shifted(self, row: int) -> "Sampling":
        """The same with seed + row, for a row of a batch; after the largest seed comes 0."""
        return replace(self, seed=(self.seed + row) % (1 << 63))


class SamplingOptions(TypedDict, total=False):
    """The fields of `Sampling`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float
    seed: int


class Sampler:
    """The options and the random numbers of one text.

    Attributes:
        options: those of `sampling` with seed 0, the same for texts that differ in their seeds only.
    """

    def __init__(self, sampling: Sampling) -> None:
        self.options = replace(sampling, seed=0)
        self._generator = torch.Generator().manual_seed(sampling.seed)

    def random(self) -> float:
        """The next random number, from 0 to below 1."""
        return torch.rand((), generator=self._generator, dtype=torch.double).item()


def samplers(sampling: Sampling, rows: int) -> list[Sampler]:
    """One per row, with seed, seed + 1 and so on."""
    return [Sampler(sampling.shifted(row)) for row in range(rows)]


def draw(samplers: Sequence[Sampler], logits: Float[Tensor, "B V"], texts: Sequence[Sequence[int]]) -> list[int]:
    """Samples the next token of each text with its own options, as it would be alone.

    Args:
        samplers: one per text.
        logits: of the next token of each text.
        texts: all tokens of each text so far.
    """
    alike: dict[Sampling, list[int]] = {}
    for row, sampler in enumerate(samplers):
        alike.setdefault(sampler.options, []).append(row)
    drawn: dict[int, int] = {}
    for options, rows in alike.items():
        own = logits if len(rows) == len(samplers) else logits[rows]
        if options.repetition_penalty != 1:
            own = penalised(own.cpu().double(), [texts[row] for row in rows], options.repetition_penalty)
        if options.temperature == 0:
            found = own.argmax(dim=-1)
        else:
            random = torch.tensor([samplers[row].random() for row in rows], dtype=torch.double)
            found = sample(own.cpu().double(), options, random)
        drawn.update(zip(rows, found.tolist(), strict=True))
    return [drawn[row] for row in range(len(samplers))]


def sample(logits: Float[Tensor, "B V"], options: Sampling, random: Float[Tensor, " B"]) -> Int[Tensor, " B"]:
    """The token of each row at which the cumulative probability exceeds a random number from 0 to 1."""
    return take(_softmax(logits, options), random)


def distributions(
    logits: Float[Tensor, "B V"], options: Sampling, texts: Sequence[Sequence[int]]
) -> Float[Tensor, "B V"]:
    """The probabilities with which `draw` samples the next token of each text; if greedy, 1 at the most likely one."""
    if options.repetition_penalty != 1:
        logits = penalised(logits.cpu().double(), texts, options.repetition_penalty)
    if options.temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).cpu().double()
    return _softmax(logits.cpu().double(), options)


def take(weights: Float[Tensor, "B V"], random: Float[Tensor, " B"]) -> Int[Tensor, " B"]:
    """The token of each row at which the cumulative weight exceeds this fraction of their sum."""
    cumulative = weights.cumsum(dim=-1)
    return torch.searchsorted(cumulative, random[:, None] * cumulative[:, -1:], right=True).squeeze(-1)


def _softmax(logits: Float[Tensor, "B V"], options: Sampling) -> Float[Tensor, "B V"]:
    below_best = logits - logits.amax(dim=-1, keepdim=True)  # a temperature near 0 then gives −∞, and no ∞
    return allowed(below_best / options.temperature, options).softmax(dim=-1)


def penalised(logits: Float[Tensor, "B V"], texts: Sequence[Sequence[int]], penalty: float) -> Float[Tensor, "B V"]:
    """Makes tokens that a text contains less likely."""
    logits = logits.clone()
    for row, text in zip(logits, texts, strict=True):
        seen = torch.tensor(sorted(set(text)), dtype=torch.long)
        row[seen] = torch.where(row[seen] > 0, row[seen] / penalty, row[seen] * penalty)
    return logits


def allowed(logits: Float[Tensor, "B V"], sampling: Sampling) -> Float[Tensor, "B V"]:
    """Sets the logits of tokens excluded by top-k, top-p or min-p to −∞; the most likely token is always kept."""
    if sampling.top_k is not None and sampling.top_k < logits.shape[-1]:
        lowest = logits.topk(sampling.top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < lowest, -torch.inf)
    if sampling.top_p is not None and sampling.top_p < 1:
        logits = logits.masked_fill(~nucleus(logits.softmax(dim=-1), sampling.top_p), -torch.inf)
    if sampling.min_p is not None:
        probabilities = logits.softmax(dim=-1)
        logits = logits.masked_fill(
            probabilities < sampling.min_p * probabilities.amax(dim=-1, keepdim=True), -torch.inf
        )
    return logits


def nucleus(probabilities: Float[Tensor, "B V"], top_p: float) -> Bool[Tensor, "B V"]:
    """True for the fewest tokens, most likely first, whose probabilities sum to `top_p` or more.

    Only likely tokens are sorted: all others together have less than half of 1 − `top_p`, because each of the V tokens
    has less than a V-th of that, so that the likely ones reach `top_p` without them.
    """
    rest = (1 - top_p) / 2
    if rest < ROUNDING:
        return plain_nucleus(probabilities, top_p)
    kept = torch.zeros_like(probabilities, dtype=torch.bool)
    for row, chosen in zip(probabilities, kept, strict=True):
        likely = (row >= rest / len(row)).nonzero().squeeze(1)  # in order, so that ties are sorted as among all
        chosen[likely] = plain_nucleus(row[likely], top_p)
    return kept


def plain_nucleus(probabilities: Float[Tensor, "*B V"], top_p: float) -> Bool[Tensor, "*B V"]:
    """The same by sorting all tokens; of equal ones, the first counts as the most likely."""
    ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(dim=-1) - ordered  # the sum over more likely tokens
    return torch.zeros_like(probabilities, dtype=torch.bool).scatter(-1, order, before < top_p)
