"""Cross-entropy in parts is cross-entropy, gradients included, and its logits are never there as a whole."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.model.heads import LanguageHead, Transform
from cutaway.nn import losses
from cutaway.nn.losses import IGNORED, cross_entropy, measure_tokens
from cutaway.nn.norms import LayerNorm

B, T, C, V = 3, 7, 10, 13
LIMIT = 4 * V
SCALE = 0.37
HEADS: dict[str, dict[str, Any]] = {
    "free": {"tied": False},
    "tied": {"tied": True},
    "tied, with a bias": {"tied": True, "bias": True},
    "with a transform": {"tied": True, "bias": True, "transform": True},
    "squeezed": {"tied": False, "softcap": 2.0},
    "partly frozen": {"tied": False, "bias": True, "frozen": True},
}
Loss = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]


def embedding_and_head(
    *, tied: bool, transform: bool = False, frozen: bool = False, **choices: Any
) -> tuple[nn.Parameter, LanguageHead]:
    """A table of token vectors and a head, which shares it if it is tied."""
    table = nn.Parameter(torch.randn(V, C))
    weight = table if tied else nn.Parameter(torch.randn(V, C))
    inner = Transform(C, F.gelu, LayerNorm(C)) if transform else None
    head = LanguageHead(weight, transform=inner, **choices)
    if head.projection.bias is not None:
        nn.init.normal_(head.projection.bias)
    head.projection.weight.requires_grad_(not frozen)
    return table, head


def some_targets(ignored: int = 6) -> Tensor:
    """Random ones, of which so many do not count."""
    targets = torch.randint(V, (B * T,))
    targets[torch.randperm(B * T)[:ignored]] = IGNORED
    return targets.view(B, T)


def as_a_whole(smoothing: float) -> Loss:
    """Torch's own, over all logits at once."""

    def loss(head: nn.Module, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        total = F.cross_entropy(
            head(hidden).flatten(0, -2),
            targets.flatten(),
            ignore_index=IGNORED,
            label_smoothing=smoothing,
            reduction="sum",
        )
        return total, (targets != IGNORED).sum()

    return loss


def found(loss: Loss, table: nn.Parameter, head: nn.Module, targets: Tensor) -> dict[str, Tensor | None]:
    """The value, the count and every gradient, of a hidden state that comes from the table."""
    weights = {"table": table, **dict(head.named_parameters())}
    for weight in weights.values():
        weight.grad = None
    hidden = F.embedding(torch.arange(B * T).view(B, T) % V, table).sin()
    hidden.retain_grad()
    total, count = loss(head, hidden, targets)
    (total * SCALE).backward()
    gradients = {name: weight.grad for name, weight in weights.items()}
    return {"value": total.detach(), "count": count, "hidden": hidden.grad, **gradients}


def logits_of(head: nn.Module) -> list[int]:
    """A list that grows by the number of logits each time the head computes some."""
    sizes: list[int] = []
    head.register_forward_hook(lambda module, given, logits: sizes.append(logits.numel()))
    return sizes


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("rows", [1, 4, 1000])
@pytest.mark.parametrize("choices", HEADS.values(), ids=HEADS)
def test_in_parts_it_is_what_it_is_as_a_whole(
    choices: dict[str, Any], rows: int, smoothing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", rows * V)
    table, head = embedding_and_head(**choices)
    targets = some_targets()
    expected = found(as_a_whole(smoothing), table, head, targets)
    in_parts = found(lambda *given: cross_entropy(*given, smoothing), table, head, targets)
    assert expected["value"] > 1
    torch.testing.assert_close(in_parts, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 1000])
def test_where_nothing_counts_nothing_is_lost(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", rows * V)
    table, head = embedding_and_head(**HEADS["with a transform"])
    nothing = found(lambda *given: cross_entropy(*given, 0.1), table, head, some_targets(ignored=B * T))
    assert nothing.keys() >= {"value", "count", "hidden", "transform.dense.weight"}
    assert all(value is None or not value.any() for value in nothing.values())
    figures = measure_tokens(head, torch.randn(B, T, C), some_targets(ignored=B * T))
    assert {name: figure.item() for name, figure in figures.items()} == {"loss": 0, "count": 0, "correct": 0}


@pytest.mark.parametrize("limit", [LIMIT, LIMIT + V - 1, V - 1])
def test_never_more_logits_than_the_limit_are_there_at_once(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", limit)
    table, head = embedding_and_head(tied=False)
    sizes, targets = logits_of(head), some_targets()
    found(cross_entropy, table, head, targets)
    with torch.no_grad():
        cross_entropy(head, torch.randn(B, T, C), targets)
    measure_tokens(head, torch.randn(B, T, C), targets)
    assert max(sizes) == max(limit // V, 1) * V, "a single row has to be, however large the vocabulary"
    assert sum(sizes) == 3 * (B * T - 6) * V, "what does not count does not reach the head"


def test_none_of_the_logits_are_kept_for_the_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    kept: dict[int, torch.Size] = {}

    class Saved:
        def __init__(self, tensor: Tensor) -> None:
            self.tensor = tensor.detach()
            kept[id(self)] = tensor.shape

        def __del__(self) -> None:
            del kept[id(self)]

    _, head = embedding_and_head(tied=False)
    hidden, targets = torch.randn(B, T, C, requires_grad=True), some_targets(ignored=0)
    with torch.autograd.graph.saved_tensors_hooks(Saved, lambda saved: saved.tensor):
        total, _ = cross_entropy(head, hidden, targets)
        assert sorted(kept.values()) == [(V, C), (B * T, C)], "the gradients of the weights and of what the head reads"
        del total


@pytest.mark.parametrize("rows", [1, 4, 1000])
def test_what_is_measured_is_the_plain_loss_and_what_is_ranked_first(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", rows * V)
    _, head = embedding_and_head(**HEADS["tied, with a bias"])
    hidden, targets = torch.randn(B, T, C), some_targets()
    best = head(hidden).argmax(dim=-1)
    targets = torch.where((targets != IGNORED) & (torch.rand(B, T) < 0.5), best, targets)
    figures = measure_tokens(head, hidden, targets)
    total, count = as_a_whole(0.0)(head, hidden, targets)
    assert figures["loss"].item() == pytest.approx(total.item(), rel=1e-5)
    assert figures["count"] == count == B * T - 6
    assert figures["correct"] == (best == targets).sum() > 3
