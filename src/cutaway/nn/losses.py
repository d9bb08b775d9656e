"""Cross-entropy from logits, and from hidden states with a limited number of logits in memory at once."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cutaway.tap import captures

IGNORED = -100
"""The label of positions without a target."""

LOGITS_AT_ONCE = 1 << 21
"""8 MB in fp32: 41 tokens at a time with a vocabulary of 50,000, whatever the batch size."""


Logits = Literal["parts", "checkpointed", "whole"]
"""How many logits are in memory at once, and so which derivatives exist.

`parts`: those of one part, whose gradients are computed together with the loss. First derivatives only. Logits that
depend on more than the hidden states and the head's weights, for example on a tensor that a hook adds, are checkpointed
instead.
`checkpointed`: those of one part, recomputed in the backward pass. Derivatives of any order.
`whole`: all of them. Derivatives of any order, and the transforms of `torch.func`. This is also used while an open
capture records or edits taps of the head.
"""


def token_loss(
    logits: Float[Tensor, "*T V"], targets: Int[Tensor, "*T"], label_smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """The mean of −log p(target) over all positions with a target, in fp32 at least; 0 if there is none.

    Args:
        logits: of each token.
        targets: ids, or `IGNORED` where there is none.
        label_smoothing: probability spread evenly over all tokens (Szegedy et al. 2016, section 7).
    """
    logits, targets = counted(logits, targets)
    return summed(logits, targets, label_smoothing) / max(1, len(targets))


def summed(logits: Float[Tensor, "N V"], targets: Int[Tensor, " N"], label_smoothing: float = 0.0) -> Float[Tensor, ""]:
    """The sum of −log p(target), in fp32 at least."""
    scores = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(scores, targets, label_smoothing=label_smoothing, reduction="sum")


def cross_entropy(
    head: nn.Module,
    hidden: Float[Tensor, "*T C"],
    targets: Int[Tensor, "*T"],
    label_smoothing: float = 0.0,
    logits: Logits = "parts",
) -> tuple[Tensor, Tensor]:
    """Sums −log p(target) over all targets; returns the sum and their number.

    Only hidden states with a target reach the head. If there are few logits, they are computed at once.

    Args:
        head: gives logits (N, V) for hidden states (N, C); `out_features` of it or of a module inside it is V.
        hidden: what the head reads.
        targets: ids, or `IGNORED` where there is none.
        label_smoothing: probability spread evenly over all tokens (Szegedy et al. 2016, section 7).
        logits: how many are in memory at once.
    """
    hidden, targets = counted(hidden, targets)
    count = torch.tensor(len(targets), device=targets.device)

    def loss(part: Tensor, wanted: Tensor) -> Tensor:
        return summed(head(part), wanted, label_smoothing)

    rows, records = _rows_at_once(head), torch.is_grad_enabled()
    if len(targets) <= rows or (records and (logits == "whole" or captures(head))):
        return loss(hidden, targets), count
    if records and logits == "parts":
        weights = [weight for weight in head.parameters() if weight.requires_grad]
        try:
            total: Tensor = _InParts.apply(loss, rows, targets, hidden, *weights)  # type: ignore[no-untyped-call]
        except _DependsOnMoreError:
            logits = "checkpointed"
        else:
            return total, count
    parts = _parts(hidden, targets, rows)
    if records:
        return torch.stack([checkpoint(loss, *part, use_reentrant=False) for part in parts]).sum(), count
    return torch.stack([loss(*part) for part in parts]).sum(), count


def measure_tokens(head: nn.Module, hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]) -> dict[str, Tensor]:
    """Sums over all targets: the loss, their number, and how many the head ranks first."""
    total, right = judge_tokens(head, hidden, targets)
    return {"loss": total, "count": torch.tensor(len(right)), "correct": right.sum()}


def judge_tokens(
    head: nn.Module, hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]
) -> tuple[Tensor, Bool[Tensor, " N"]]:
    """The sum of the losses of all targets, and whether the head ranks each of them first, in order."""
    hidden, targets = counted(hidden, targets)
    total, right = hidden.new_zeros((), dtype=torch.float32), torch.zeros_like(targets, dtype=torch.bool)
    for part, wanted, judged in zip(*(x.split(_rows_at_once(head)) for x in (hidden, targets, right)), strict=True):
        logits = head(part).float()
        total += summed(logits, wanted)
        judged.copy_(logits.argmax(dim=-1) == wanted)
    return total, right


def figures_of_tokens(sums: Mapping[str, float]) -> dict[str, float]:
    """From the sums of `measure_tokens`: loss per token in nats, perplexity, and the fraction ranked first."""
    loss = sums["loss"] / sums["count"]
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "accuracy": sums["correct"] / sums["count"]}


def counted(hidden: Float[Tensor, "*T C"], targets: Int[Tensor, "*T"]) -> tuple[Tensor, Tensor]:
    """The hidden states that have a target, and the targets, (N, C) and (N)."""
    keep = targets != IGNORED
    return (hidden.reshape(-1, hidden.shape[-1]), targets.flatten()) if keep.all() else (hidden[keep], targets[keep])


def _rows_at_once(head: nn.Module) -> int:
    sizes = (getattr(module, "out_features", None) for module in head.modules())  # the head may be wrapped
    return max(1, LOGITS_AT_ONCE // next(size for size in sizes if isinstance(size, int)))


def _parts(hidden: Tensor, targets: Tensor, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(hidden.split(rows), targets.split(rows), strict=True)


class _InParts(torch.autograd.Function):
    """The sum of a loss over parts of its rows, with its gradients computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any, loss: Callable[[Tensor, Tensor], Tensor], rows: int, targets: Tensor, hidden: Tensor, *weights: Tensor
    ) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.promote_types(hidden.dtype, torch.float32))
        # In fp32 at least: a sum of many parts would be inaccurate in bf16.
        gradients = [torch.zeros_like(one, dtype=torch.promote_types(one.dtype, torch.float32)) for one in weights]
        hidden_gradients: list[Tensor] = []
        for part, wanted in _parts(hidden.detach(), targets, rows):
            with torch.enable_grad():
                value = loss(part.requires_grad_(), wanted)
                if not hidden_gradients and _depends_on_more(value, (part, *weights)):
                    raise _DependsOnMoreError
                own, *others = torch.autograd.grad(value, [part, *weights], allow_unused=True, materialize_grads=True)
            total += value.detach()
            hidden_gradients.append(own)
            for gradient, other in zip(gradients, others, strict=True):
                gradient += other
        exact = [gradient.to(weight.dtype) for gradient, weight in zip(gradients, weights, strict=True)]
        ctx.save_for_backward(torch.cat(hidden_gradients), *exact)
        return total

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "a loss that is computed in parts has first derivatives only: "
                "make the objective with logits='checkpointed' or logits='whole' for higher ones"
            )
        return (None, None, None, *(gradient * scale for gradient in ctx.saved_tensors))


class _DependsOnMoreError(Exception):
    """Raised if the logits depend on a tensor whose gradient would be lost in parts."""


def _depends_on_more(value: Tensor, known: Sequence[Tensor]) -> bool:
    """Whether a backward pass from here would reach other leaves than these."""
    nodes, seen = [value.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None and all(leaf is not one for one in known):
            return True
        nodes += [following for following, _ in node.next_functions]
    return False
