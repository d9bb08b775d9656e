"""Beam search (Sutskever et al. 2014, section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.hypotheses import Beams, Finished, Hypothesis


@runtime_checkable
class BeamStepDecoder(Protocol):
    """Computes logits of rows of tokens that are extended, copied, reordered and dropped."""

    def step(self, tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Appends a token to each row, and returns the logits of the next."""

    def reorder(self, rows: Int[Tensor, " M"]) -> None:
        """Replaces row i by row `rows[i]`; the number of rows may change."""


@dataclass(frozen=True)
class BeamOptions:
    """Options of a beam search.

    Attributes:
        num_beams: the number of beams; 1 is greedy.
        length_penalty: α of Wu et al. 2016, eq. 14: the score of a text of n tokens, its end token included, is its
            log-probability divided by ((5 + n) / 6)^α; 0 favours short texts.
        max_new_tokens: the most tokens of a text, its end token included. With a length penalty, a limit close to the
            actual length ends the search earlier.
        n_best: the number of texts to return per input.

    Raises:
        UserError: a value is out of range.
    """

    num_beams: int = 5
    length_penalty: float = 1.0
    max_new_tokens: int = MAX_NEW_TOKENS
    n_best: int = 1

    def __post_init__(self) -> None:
        checks = {
            "num_beams must be 1 or more": self.num_beams >= 1,
            "length_penalty must be 0 (none) or more, and finite": 0 <= self.length_penalty < float("inf"),
            "max_new_tokens must be 1 or more": self.max_new_tokens >= 1,
            f"n_best must be 1 or more, and no more than the {self.num_beams} beams": 1
            <= self.n_best
            <= self.num_beams,
        }
        for demand, holds in checks.items():
            if not holds:
                raise UserError(demand)

    def divisor(self, length: int) -> float:
        """The divisor of the log-probability of a text of `length` tokens."""
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
    """Searches for the best texts of all inputs of a batch at once.

    In each step, every input keeps the best `num_beams` of all texts that are one token longer; finished texts are set
    aside. An input leaves the batch when no beam could exceed the score of the worst text to be returned, even if all
    further tokens had probability 1.

    Args:
        decoder: with one row per input; reads `begin` first.
        begin: the start token of each text, or the last token of each prompt.
        options: of the search.
        vocabulary: the number of tokens of the tokenizer: a model may have more, which are never generated.
        end: the token that ends a text; None if all texts have `max_new_tokens` tokens.
        forbidden: tokens that are never generated; the probabilities of the others are renormalised.

    Returns:
        the best texts of each input, best first; fewer than `n_best` only if there are no more.
    """
    beams, finished = Beams.start(len(begin)), Finished.start(len(begin), options.n_best)
    found: list[list[Hypothesis]] = [[] for _ in begin]
    sentences, last = torch.arange(len(begin)), torch.tensor(begin, dtype=torch.long)  # of those still in the batch
    while len(sentences):
        rows = torch.arange(len(last)).view(len(sentences), -1)
        candidates = best_candidates(decoder.step(last)[:, :vocabulary], options.num_beams, forbidden)
        beams, parents = beams.grow(*candidates, options.num_beams)
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
    """The beams that end with the end token; in the last step, all."""
    last = beams.tokens[:, :, -1]
    return torch.full_like(last, is_last, dtype=torch.bool) if is_last or end is None else last == end


def best_candidates(
    logits: Float[Tensor, "N V"], count: int, forbidden: Sequence[int]
) -> tuple[Int[Tensor, "N K"], Float[Tensor, "N K"]]:
    """The most likely tokens of each row, and their log-probabilities in double precision."""
    logits = logits.float()
    if forbidden:
        logits = logits.index_fill(1, torch.tensor(forbidden, device=logits.device), -torch.inf)
    values, tokens = logits.topk(min(count, logits.shape[1]), dim=1)
    return tokens.cpu(), values.cpu().double() - logits.logsumexp(dim=1, keepdim=True).cpu().double()
