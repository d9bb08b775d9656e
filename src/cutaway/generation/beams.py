"""Beam search: of all texts, those found most likely when only the best few beginnings are followed.

See Sutskever et al. 2014, section 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cutaway.errors import UserError
from cutaway.generation.hypotheses import Beams, Finished, Hypothesis


@runtime_checkable
class BeamStepDecoder(Protocol):
    """Something that reads rows of tokens as they grow, and lets them multiply, change places and end."""

    def step(self, tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Adds a token to each row and returns logits of the next."""

    def reorder(self, rows: Int[Tensor, " M"]) -> None:
        """Makes row i what row `rows[i]` was; there may be more rows than before, or fewer."""


@dataclass(frozen=True)
class BeamOptions:
    """How far and how widely a search looks, and what it prefers.

    Attributes:
        beams: how many beginnings are followed; 1 is greedy.
        length_penalty: α of Wu et al. 2016, eq. 14: a text of n tokens, its end included, scores its log-probability
            divided by ((5 + n) / 6)^α; 0 prefers short texts, for each token makes a text less likely.
        max_new_tokens: longest text, its end included; one that has not ended by then is taken as it is. With a length
            penalty, a search ends the earlier the nearer this is to the length of what is written.
        n_best: how many texts are wanted.

    Raises:
        UserError: a value that means nothing.
    """

    beams: int = 5
    length_penalty: float = 1.0
    max_new_tokens: int = 100
    n_best: int = 1

    def __post_init__(self) -> None:
        checks = {
            "beams must be 1 or more": self.beams >= 1,
            "length_penalty must be 0 (none) or more, and finite": 0 <= self.length_penalty < float("inf"),
            "max_new_tokens must be 1 or more": self.max_new_tokens >= 1,
            f"n_best must be 1 or more, and no more than the {self.beams} beams": 1 <= self.n_best <= self.beams,
        }
        for demand, holds in checks.items():
            if not holds:
                raise UserError(demand)

    def divisor(self, length: int) -> float:
        """What the log-probability of a text of `length` tokens is divided by."""
        return ((5 + length) / 6) ** self.length_penalty


@torch.inference_mode()
def beam_search(
    decoder: BeamStepDecoder,
    begin: Sequence[int],
    options: BeamOptions,
    *,
    vocabulary: int,
    end: int | None,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Searches for the best texts, for all sentences of a batch at once.

    In each step every sentence keeps the best `beams` of all texts that are one token longer; those that end are set
    aside. A sentence leaves the batch when none of its beams could still overtake the worst text that it would return,
    were all its tokens to come certain.

    Args:
        decoder: has one row a sentence; sees `begin` first.
        begin: what each sentence begins with, or the last token of each prompt.
        options: how to search.
        vocabulary: only tokens below it are written: a model may have room for more, which mean nothing.
        end: the token that ends a text; None if all texts are to be of `max_new_tokens`.
        forbidden: tokens that are never written; the probabilities of the others are scaled to sum to 1.

    Returns:
        for each sentence the best texts, best first; fewer than `n_best` only if there are no more texts.
    """
    beams, finished = Beams.start(len(begin)), Finished.start(len(begin), options.n_best)
    found: list[list[Hypothesis]] = [[] for _ in begin]
    sentences, last = torch.arange(len(begin)), torch.tensor(begin, dtype=torch.long)  # of those still in the batch
    while len(sentences):
        rows = torch.arange(len(last)).view(len(sentences), -1)
        candidates = best_candidates(decoder.step(last)[:, :vocabulary], options.beams, forbidden)
        beams, parents = beams.grow(*candidates, options.beams)
        length = beams.tokens.shape[2]
        ended = has_ended(beams, end, length == options.max_new_tokens)
        finished = finished.add(beams, ended, options.divisor(length))
        beams = beams.without(ended)
        done = finished.worst >= beams.best / options.divisor(options.max_new_tokens)
        for i in done.nonzero().flatten().tolist():
            found[sentences[i]] = finished.hypotheses(i, end)
        sentences, beams, finished = sentences[~done], beams[~done], finished[~done]
        order = rows.gather(1, parents)[~done].flatten()
        if not torch.equal(order, torch.arange(len(last))):
            decoder.reorder(order)
        last = beams.tokens[:, :, -1].flatten()
    return found


def has_ended(beams: Beams, end: int | None, is_last: bool) -> Bool[Tensor, "S K"]:
    """Which beams have written the end token; in the last step, all."""
    last = beams.tokens[:, :, -1]
    return torch.full_like(last, is_last, dtype=torch.bool) if is_last or end is None else last == end


def best_candidates(
    logits: Float[Tensor, "N V"], count: int, forbidden: Sequence[int]
) -> tuple[Int[Tensor, "N K"], Float[Tensor, "N K"]]:
    """The likeliest tokens of each row, and their log-probabilities, in double precision for the sums to come."""
    logits = logits.float()
    if forbidden:
        logits = logits.index_fill(1, torch.tensor(forbidden, device=logits.device), -torch.inf)
    values, tokens = logits.topk(min(count, logits.shape[1]), dim=1)
    return tokens.cpu(), values.cpu().double() - logits.logsumexp(dim=1, keepdim=True).cpu().double()
