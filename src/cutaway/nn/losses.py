"""Cross-entropy from hidden states, with never more logits at once than a cache of the processor likes."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""The label of a target that does not count."""

LOGITS_AT_ONCE = 1 << 21
"""8 MB in fp32. A vocabulary of 50,000 then takes 41 tokens at a time, whatever the batch."""


@runtime_checkable
class ScoringHead(Protocol):
    """A module that gives logits (N, V) for hidden states (N, C)."""

    @property
    def out_features(self) -> int:
        """V, how many scores it gives for each state."""

    def __call__(self, hidden: Tensor, /) -> Tensor:
        """Computes the logits."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its weights."""


Logits = Literal["parts", "checkpointed", "whole"]
"""How many logits are held at once, and so which derivatives there are.

`parts`: those of one part, whose gradients are computed together with the loss. First derivatives only.
`checkpointed`: those of one part, which are computed again on the way back. Derivatives of any order.
`whole`: all of them. Derivatives of any order, the transforms of `torch.func` included.
"""


def cross_entropy(
    head: ScoringHead,
    hidden: Float[Tensor, "*T C"],
    targets: Int[Tensor, "*T"],
    label_smoothing: float = 0.0,
    logits: Logits = "parts",
) -> tuple[Tensor, Tensor]:
    """Sums −log p(target) over all targets that count; returns the sum and how many there are.

    Only hidden states with a target that counts reach the head. Logits that are few are computed as a whole anyway.

    Args:
        head: what scores.
        hidden: what the head reads.
        targets: ids, or `IGNORED`.
        label_smoothing: share of certainty given to all tokens alike (Szegedy et al. 2016, section 7).
        logits: how many are held at once.
    """
    hidden, targets = counted(hidden, targets)
    count = torch.tensor(len(targets), device=targets.device)

    def loss(part: Tensor, wanted: Tensor) -> Tensor:
        scores = head(part).float()
        return F.cross_entropy(scores, wanted, label_smoothing=label_smoothing, reduction="sum")

    rows = _rows_at_once(head)
    if len(targets) <= rows or (logits == "whole" and torch.is_grad_enabled()):
        return loss(hidden, targets), count
    if logits == "parts" and torch.is_grad_enabled():
        weights = [weight for weight in head.parameters() if weight.requires_grad]
        total: Tensor = _InParts.apply(loss, rows, targets, hidden, *weights)  # type: ignore[no-untyped-call]
        return total, count
    parts = _parts(hidden, targets, rows)
    if torch.is_grad_enabled():
        return torch.stack([checkpoint(loss, *part, use_reentrant=False) for part in parts]).sum(), count
    return torch.stack([loss(*part) for part in parts]).sum(), count


def measure_tokens(head: ScoringHead, hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]) -> dict[str, Tensor]:
    """Sums over all targets that count: their loss, how many there are, and how many the head ranks first."""
    total, right = judge_tokens(head, hidden, targets)
    return {"loss": total, "count": torch.tensor(len(right)), "correct": right.sum()}


def judge_tokens(
    head: ScoringHead, hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]
) -> tuple[Tensor, Bool[Tensor, " N"]]:
    """Of the targets that count, in order: the sum of their losses, and whether the head ranks each of them first."""
    hidden, targets = counted(hidden, targets)
    total, right = hidden.new_zeros((), dtype=torch.float32), torch.zeros_like(targets, dtype=torch.bool)
    for part, wanted, judged in zip(*(x.split(_rows_at_once(head)) for x in (hidden, targets, right)), strict=True):
        logits = head(part).float()
        total += F.cross_entropy(logits, wanted, reduction="sum")
        judged.copy_(logits.argmax(dim=-1) == wanted)
    return total, right


def figures_of_tokens(sums: Mapping[str, float]) -> dict[str, float]:
    """From what `measure_tokens` adds up: loss a token in nats, perplexity, and the share that is ranked first."""
    loss = sums["loss"] / sums["count"]
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "accuracy": sums["correct"] / sums["count"]}


def counted(hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]) -> tuple[Tensor, Tensor]:
    """The hidden states and targets that count, (N, C) and (N)."""
    keep = targets != IGNORED
    return (hidden.flatten(0, -2), targets.flatten()) if keep.all() else (hidden[keep], targets[keep])


def _rows_at_once(head: ScoringHead) -> int:
    return max(1, LOGITS_AT_ONCE // head.out_features)


def _parts(hidden: Tensor, targets: Tensor, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(hidden.split(rows), targets.split(rows), strict=True)


class _InParts(torch.autograd.Function):
    """The sum of a loss over parts of its rows, whose gradients are computed together with it."""

    @staticmethod
    def forward(
        ctx: Any, loss: Callable[[Tensor, Tensor], Tensor], rows: int, targets: Tensor, hidden: Tensor, *weights: Tensor
    ) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.float32)
        gradients = [torch.zeros_like(weight) for weight in weights]
        hidden_gradients = []
        for part, wanted in _parts(hidden.detach(), targets, rows):
            with torch.enable_grad():
                value = loss(part.requires_grad_(), wanted)
                own, *others = torch.autograd.grad(value, [part, *weights])
            total += value.detach()
            hidden_gradients.append(own)
            torch._foreach_add_(gradients, others)
        ctx.save_for_backward(torch.cat(hidden_gradients), *gradients)
        return total

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "a loss that is computed in parts has first derivatives only: "
                "make the task with logits='checkpointed' or logits='whole' for higher ones"
            )
        return (None, None, None, *(gradient * scale for gradient in ctx.saved_tensors))
