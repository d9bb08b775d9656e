"""The state of a beam search: the beams of each input, and its best finished texts."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Hypothesis:
    """A finished text: its tokens without the end token, its log-probability with it, and its score."""

    tokens: tuple[int, ...]
    log_probability: float
    score: float


@dataclass(frozen=True)
class Beams:
    """K beams of T tokens for each of S inputs. A beam that is no longer followed has log-probability −∞."""

    tokens: Int[Tensor, "S K T"]
    log_probabilities: Float[Tensor, "S K"]

    @classmethod
    def start(cls, sentences: int) -> "Beams":
        """One empty beam per input."""
        return cls(torch.zeros(sentences, 1, 0, dtype=torch.long), torch.zeros(sentences, 1, dtype=torch.double))

    def __getitem__(self, chosen: Bool[Tensor, " S"]) -> "Beams":
        return Beams(self.tokens[chosen], self.log_probabilities[chosen])

    @property
    def best(self) -> Float[Tensor, " S"]:
        """The highest log-probability of each input's beams."""
        return self.log_probabilities.amax(dim=1)

    def grow(
        self, tokens: Int[Tensor, "N V"], log_probabilities: Float[Tensor, "N V"], width: int
    ) -> tuple["Beams", Int[Tensor, "S W"]]:
        """The best `width` extensions by one token, and the index of the beam that each extends.

        Args:
            tokens: V candidates for each of the N = S · K beams.
            log_probabilities: of the candidates, given their beam.
            width: W; if there are fewer extensions, all of them.
        """
        sentences, choices = len(self.tokens), tokens.shape[1]
        totals = (self.log_probabilities[:, :, None] + log_probabilities.view(sentences, -1, choices)).flatten(1)
        best = totals.topk(min(width, totals.shape[1]), dim=1)  # (S, W), of K · V
        parents = best.indices // choices
        past = self.tokens.gather(1, parents[:, :, None].expand(-1, -1, self.tokens.shape[2]))
        last = tokens.view(sentences, -1).gather(1, best.indices)
        return Beams(torch.cat([past, last[:, :, None]], dim=2), best.values), parents

    def without(self, ended: Bool[Tensor, "S K"]) -> "Beams":
        """The same beams; those that have ended are no longer followed."""
        return Beams(self.tokens, self.log_probabilities.masked_fill(ended, -torch.inf))


@dataclass(frozen=True)
class Finished:
    """The best K finished texts of each of S inputs, best first; an empty slot has score −∞."""

    tokens: Int[Tensor, "S K T"]
    lengths: Int[Tensor, "S K"]
    log_probabilities: Float[Tensor, "S K"]
    scores: Float[Tensor, "S K"]

    @classmethod
    def start(cls, sentences: int, slots: int) -> "Finished":
        """Empty slots for each input."""
        lengths = torch.zeros(sentences, slots, dtype=torch.long)
        nothing = torch.full((sentences, slots), -torch.inf, dtype=torch.double)
        return cls(lengths[:, :, None][:, :, :0], lengths, nothing, nothing)

    def __getitem__(self, chosen: Bool[Tensor, " S"]) -> "Finished":
        return Finished(self.tokens[chosen], self.lengths[chosen], self.log_probabilities[chosen], self.scores[chosen])

    @property
    def worst(self) -> Float[Tensor, " S"]:
        """The score that a text must exceed to be kept."""
        return self.scores[:, -1]

    def add(self, beams: Beams, ended: Bool[Tensor, "S W"], divisor: float) -> "Finished":
        """Keeps ended beams with better scores; a score is the log-probability divided by `divisor`."""
        scores = torch.cat([self.scores, (beams.log_probabilities / divisor).masked_fill(~ended, -torch.inf)], dim=1)
        order = scores.sort(dim=1, descending=True, stable=True).indices[:, : self.scores.shape[1]]
        length = beams.tokens.shape[2]
        tokens = torch.cat([F.pad(self.tokens, (0, 1)), beams.tokens], dim=1)
        lengths = torch.cat([self.lengths, torch.full_like(ended, length, dtype=torch.long)], dim=1)
        log_probabilities = torch.cat([self.log_probabilities, beams.log_probabilities], dim=1)
        return Finished(
            tokens.gather(1, order[:, :, None].expand(-1, -1, length)),
            lengths.gather(1, order),
            log_probabilities.gather(1, order),
            scores.gather(1, order),
        )

    def hypotheses(self, sentence: int, end: int | None) -> list[Hypothesis]:
        """The texts of one input, best first."""
        found = []
        for slot in (self.scores[sentence] > -torch.inf).nonzero().flatten().tolist():
            tokens = self.tokens[sentence, slot, : self.lengths[sentence, slot]].tolist()
            written = tokens[:-1] if tokens[-1] == end else tokens
            log_probability, score = self.log_probabilities[sentence, slot], self.scores[sentence, slot]
            found.append(Hypothesis(tuple(written), log_probability.item(), score.item()))
        return found
