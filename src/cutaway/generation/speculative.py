"""Speculative decoding: several tokens per pass of a model, with the same distribution as one at a time.

A drafter proposes the next tokens cheaply; the model computes the probabilities of all of them in one pass, and a run
of them is accepted (Leviathan et al. 2023, Algorithm 1; Chen et al. 2023, Algorithm 2). Drafters are in `drafters`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.generation.engine import Request
from cutaway.generation.sampling import Sampler, distributions, take
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Hidden
from cutaway.nn.cache import Cache

LOOKUP = "lookup"
"""The name of the draft that is no model (`drafters.PromptLookup`)."""
PROPOSED = 4
"""How many tokens are proposed at once by default."""


@dataclass(frozen=True)
class Proposal:
    """Tokens that may follow a text.

    Attributes:
        tokens: in order.
        probabilities: those with which each token was drawn, given the text and the tokens before it, on the CPU.
    """

    tokens: Sequence[int]
    probabilities: Float[Tensor, "K V"]


@runtime_checkable
class Drafter(Protocol):
    """Guesses how a text goes on."""

    def propose(self, text: Sequence[int], count: int, sampler: Sampler) -> Proposal:
        """Returns at most `count` tokens, each drawn from the probabilities that it gives for it.

        Args:
            text: all tokens so far.
            count: 1 or more.
            sampler: the options of the text, which a drafter may heed, and the random numbers to draw with.
        """


@dataclass
class Draft:
    """A drafter, and what came of its proposals in all texts so far.

    Attributes:
        drafter: proposes tokens.
        count: the most tokens proposed at once.
        proposed: the number of proposed tokens.
        accepted: those of them that became part of a text.
        generated: the number of all generated tokens.
        passes: of the model: each reads one token or more.

    Raises:
        UserError: the count is below 1.
    """

    drafter: Drafter
    count: int = PROPOSED
    proposed: int = 0
    accepted: int = 0
    generated: int = 0
    passes: int = 0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UserError(f"a draft proposes 1 token or more at once, not {self.count}")

    @property
    def acceptance(self) -> float:
        """The fraction of proposed tokens that were accepted; 0 if there were none."""
        return self.accepted / max(1, self.proposed)

    @property
    def tokens_per_pass(self) -> float:
        """How many tokens a pass of the model generated on average; without a draft, it is 1."""
        return self.generated / max(1, self.passes)


def verify(proposal: Proposal, target: Float[Tensor, "N V"], random: Callable[[], float]) -> list[int]:
    r"""The accepted beginning of a proposal, and one more token.

    Token xᵢ, drawn from qᵢ, is accepted with probability min(1, pᵢ(xᵢ) / qᵢ(xᵢ)). The first that is rejected is
    replaced by a draw from the residual

        p′(x) = max(0, pᵢ(x) − qᵢ(x)) / Σ_y max(0, pᵢ(y) − qᵢ(y)),

    and if all are accepted, one more is drawn from the last p. So each token x has the probability

        q(x) min(1, p(x) / q(x)) + (1 − Σ_y min(p(y), q(y))) p′(x) = min(p(x), q(x)) + max(0, p(x) − q(x)) = p(x)

    (Leviathan et al. 2023, Appendix A.1). If p is greedy, a point distribution, the most likely token is accepted, and
    any other is replaced by it. If q is one, xᵢ is accepted with probability pᵢ(xᵢ).

    Args:
        proposal: K tokens, with q.
        target: p of each of them, and of the token after them: N = K + 1 rows.
        random: gives independent numbers from 0 to below 1.
    """
    accepted: list[int] = []
    for token, q, p in zip(proposal.tokens, proposal.probabilities, target[:-1], strict=True):
        if random() * q[token] >= p[token]:
            residual = (p - q).clamp(min=0)
            # It is zero if p and q differ by rounding only.
            return [*accepted, _take(residual if residual.any() else p, random())]
        accepted.append(token)
    return [*accepted, _take(target[-1], random())]


class SpeculativeGenerator:
    """Continues one text at a time, several tokens per pass of the model.

    Greedy texts are those of the engine, except that rounding may differ with the number of tokens read at once.
    Sampled texts have the same distribution, but are others for the same seed. A text depends on its seed and the
    draft.

    Args:
        model: in evaluation mode.
        context: the most tokens that it sees.
        draft: proposes tokens, and counts them.
        vocabulary: the number of tokens of the tokenizer: a model may have more, which are never generated.
    """

    def __init__(self, model: DecoderOnly, context: int, draft: Draft, *, vocabulary: int | None = None) -> None:
        self._model = model
        self._context = context
        self._draft = draft
        self._vocabulary = vocabulary

    def stream(self, request: Request) -> Iterator[int]:
        """The tokens of a request, as they are generated, the end token included.

        Raises:
            UserError: at once, if the text may outgrow the context.
        """
        longest = len(request.prompt) + request.max_new_tokens - 1
        if longest > self._context:
            raise UserError(
                f"a text of {len(request.prompt)} tokens and {request.max_new_tokens} new ones outgrows the context of "
                f"{self._context} tokens: shorten it or lower max_new_tokens; with a draft, the context cannot slide"
            )
        return self._tokens(request, self._model.make_cache(1, longest))

    def _tokens(self, request: Request, cache: Cache) -> Iterator[int]:
        text, sampler = list(request.prompt), Sampler(request.sampling)
        end = len(text) + request.max_new_tokens
        while len(text) < end:
            found = self._step(text, end - len(text), sampler, cache)
            is_end = [token in request.ends for token in found]
            accepted = len(found) - 1
            if any(is_end):
                found = found[: is_end.index(True) + 1]
            self._draft.accepted += min(accepted, len(found))
            self._draft.generated += len(found)
            for token in found:
                text.append(token)
                yield token
            if any(is_end):
                return

    @torch.inference_mode()
    def _step(self, text: Sequence[int], most: int, sampler: Sampler, cache: Cache) -> list[int]:
        """From 1 to `most` further tokens, by one pass over what the cache lacks of the text and a proposal."""
        count = min(self._draft.count, most - 1)  # one more token is drawn after them
        proposal = self._draft.drafter.propose(text, count, sampler) if count else None
        proposed = [] if proposal is None else list(proposal.tokens)
        cache.truncate(min(cache.length, len(text) - 1))  # drops what was rejected
        logits = self._logits([*text[cache.length :], *proposed], len(proposed) + 1, cache)
        texts = [[*text, *proposed[:i]] for i in range(len(proposed) + 1)]
        target = distributions(logits, sampler.options, texts)
        found = verify(proposal or Proposal((), target[:0]), target, sampler.random)
        self._draft.passes += 1
        self._draft.proposed += len(proposed)
        return found

    def _logits(self, tokens: Sequence[int], last: int, cache: Cache) -> Float[Tensor, "N V"]:
        """The logits after each of the last tokens."""

        def read(head: nn.Module, hidden: Hidden) -> Float[Tensor, "N V"]:
            return head(hidden.states[:, -last:])[0]

        given = torch.tensor([tokens], device=device_of(self._model))
        return self._model(given, cache=cache, read=read)[:, : self._vocabulary]


def _take(weights: Float[Tensor, " V"], random: float) -> int:
    return int(take(weights[None], torch.tensor([random], dtype=torch.double)))
