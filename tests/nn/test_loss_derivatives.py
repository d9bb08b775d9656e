"""Derivatives of a loss: of any order where logits are whole or checkpointed, and complete where they are in parts."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from cutaway.model.heads import LanguageHead
from cutaway.nn import losses
from cutaway.nn.losses import Logits, cross_entropy
from cutaway.tap import capture
from cutaway.tasks.language_modeling.task import LanguageModeling
from nn.test_losses import (
    HEADS,
    LIMIT,
    B,
    C,
    Loss,
    T,
    V,
    as_a_whole,
    embedding_and_head,
    found,
    logits_of,
    some_targets,
)
from variants import VOCABULARY, tokens, variant

HOW: tuple[Logits, ...] = ("checkpointed", "whole")


@pytest.mark.parametrize("logits", HOW)
@pytest.mark.parametrize("choices", HEADS.values(), ids=HEADS)
def test_however_many_logits_are_held_the_gradients_are_the_same(
    choices: dict[str, Any], logits: Logits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    table, head = embedding_and_head(**choices)
    sizes, targets = logits_of(head), some_targets()
    expected = found(as_a_whole(0.3), table, head, targets)
    sizes.clear()
    again = found(lambda *given: cross_entropy(*given, 0.3, logits), table, head, targets)
    torch.testing.assert_close(again, expected, rtol=1e-5, atol=1e-5)
    assert max(sizes) == (LIMIT if logits == "checkpointed" else (B * T - 6) * V)


def second_derivative(loss: Loss, head: nn.Module, hidden: Tensor, targets: Tensor) -> Tensor:
    """The norm of the gradient, differentiated once more: by the hidden states and by the head's matrix."""
    inputs = (hidden, head.projection.weight)
    gradients = torch.autograd.grad(loss(head, hidden, targets)[0], inputs, create_graph=True)
    norm = sum(gradient.square().sum() for gradient in gradients)
    return torch.cat([one.flatten() for one in torch.autograd.grad(norm, inputs)])


@pytest.mark.parametrize("logits", HOW)
def test_second_derivatives_are_those_of_the_whole(logits: Logits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    _, head = embedding_and_head(**HEADS["squeezed"])
    head.double()
    hidden, targets = torch.randn(B, T, C, dtype=torch.float64, requires_grad=True), some_targets()
    monkeypatch.setattr(Tensor, "float", lambda x: x)  # as the loss computes it in fp32 it is too rough to be judged

    def ours(head: Any, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(head, hidden, targets, 0.3, logits)

    expected = second_derivative(as_a_whole(0.3), head, hidden, targets)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(second_derivative(ours, head, hidden, targets), expected)
    assert torch.autograd.gradcheck(lambda x: ours(head, x, targets)[0], hidden, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: ours(head, x, targets)[0], hidden, fast_mode=True)


def test_in_parts_there_is_no_second_derivative_and_none_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    _, head = embedding_and_head(**HEADS["free"])
    hidden = torch.randn(B, T, C, requires_grad=True)
    with pytest.raises(RuntimeError, match="first derivatives only: make the objective with logits='checkpointed'"):
        second_derivative(cross_entropy, head, hidden, some_targets())


def test_a_task_with_whole_logits_has_the_transforms_of_torch_func(monkeypatch: pytest.MonkeyPatch) -> None:
    """Influence functions: a gradient for each example, and a product with the Hessian."""
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    model = variant(norm="rms", position="rotary", feedforward={"kind": "dense", "activation": "squared_relu"}).eval()
    inputs, targets = tokens(), tokens(seed=2)
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    task = LanguageModeling(logits="whole")

    def loss(weights: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        module = Losing(model, task)
        renamed = {f"model.{name}": weight for name, weight in weights.items()}
        total: Tensor = torch.func.functional_call(module, renamed, ({"inputs": inputs, "targets": targets},))
        return total

    gradient = torch.func.grad(loss)
    each = [gradient(weights, inputs[i : i + 1], targets[i : i + 1]) for i in range(len(inputs))]
    whole = gradient(weights, inputs, targets)
    for name, weight in model.named_parameters():
        (expected,) = torch.autograd.grad(loss(dict(model.named_parameters()), inputs, targets), weight)
        torch.testing.assert_close(whole[name], expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(sum(one[name] for one in each), expected, rtol=1e-4, atol=1e-4)
    direction = {name: torch.randn_like(weight) for name, weight in weights.items()}
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernel of attention has first derivatives only, and says so
        product = torch.func.jvp(lambda w: gradient(w, inputs, targets), (weights,), (direction,))[1]
        pulled = torch.func.grad(
            lambda w: sum((one * direction[name]).sum() for name, one in gradient(w, inputs, targets).items())
        )(weights)
    for name in weights:
        assert product[name].abs().max() > 1e-3
        torch.testing.assert_close(product[name], pulled[name], rtol=1e-3, atol=1e-2)


class Losing(nn.Module):
    """A model and what it loses on a batch."""

    def __init__(self, model: nn.Module, task: LanguageModeling) -> None:
        super().__init__()
        self.model = model
        self.task = task

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self.task.loss(self.model, batch)[0]


def add(head: LanguageHead, how: str, extra: Tensor) -> None:
    """Lets the logits depend on a tensor that is no weight of the head."""
    if how == "hook":
        head.register_forward_hook(lambda module, given, logits: logits + extra)
    else:
        own = head.projection.forward
        head.projection.forward = lambda x: own(x) + extra.sin()  # not a leaf


@pytest.mark.parametrize("how", ["hook", "replaced"])
def test_what_a_hook_adds_gets_its_gradient(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    _, head = embedding_and_head(**HEADS["free"])
    extra, hidden, targets = torch.randn(V, requires_grad=True), torch.randn(B, T, C), some_targets()
    add(head, how, extra)
    (found,) = torch.autograd.grad(cross_entropy(head, hidden, targets)[0], extra)
    (expected,) = torch.autograd.grad(as_a_whole(0.0)(head, hidden, targets)[0], extra)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_head_without_trained_weights_and_one_with_unused_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    table, head = embedding_and_head(**HEADS["free"])
    targets = some_targets()
    head.requires_grad_(False)
    frozen = found(cross_entropy, table, head, targets)
    torch.testing.assert_close(frozen, found(as_a_whole(0.0), table, head, targets), rtol=1e-5, atol=1e-5)
    head.requires_grad_(True)
    head.register_module("unused", nn.Linear(3, 2))
    with_unused = found(cross_entropy, table, head, targets)
    assert not with_unused.pop("unused.weight").any()
    assert not with_unused.pop("unused.bias").any()
    expected = found(as_a_whole(0.0), table, head, targets)
    torch.testing.assert_close(with_unused, {name: expected[name] for name in with_unused}, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("logits", ["parts", "checkpointed"])
def test_a_capture_of_the_head_sees_all_logits_and_gradients_reach_them(
    logits: Logits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    model, task = variant(), LanguageModeling(logits=logits)
    batch = {"inputs": tokens(), "targets": tokens(seed=2)}
    steering = torch.zeros(VOCABULARY, requires_grad=True)
    with capture(model, "head.logits", edits={"head.logits": lambda _, x: 3 * x + steering}) as trace:
        loss, count = task.loss(model, batch)
    assert trace["head.logits"].shape == (count, VOCABULARY)
    ours = torch.autograd.grad(loss, [steering, *model.parameters()], retain_graph=True)  # after the block has ended
    with capture(model, edits={"head.logits": lambda _, x: 3 * x + steering}):
        whole = F.cross_entropy(model(batch["inputs"]).flatten(0, 1), batch["targets"].flatten(), reduction="sum")
    for one, other in zip(ours, torch.autograd.grad(whole, [steering, *model.parameters()]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
    assert ours[0].abs().max() > 0.1
    assert torch.autograd.grad(loss, trace["head.logits"])[0].abs().sum() > 0


def test_gradients_of_bf16_weights_are_added_up_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    _, head = embedding_and_head(**HEADS["free"])
    head.bfloat16()
    hidden, targets = torch.randn(2000, C, dtype=torch.bfloat16), torch.randint(V, (2000,))
    gradients = {}
    for rows in (4, 5000):
        monkeypatch.setattr(losses, "LOGITS_AT_ONCE", rows * V)
        (gradient,) = torch.autograd.grad(cross_entropy(head, hidden, targets)[0], head.projection.weight)
        gradients[rows] = gradient.float()
    assert (gradients[4] - gradients[5000]).norm() < 0.02 * gradients[5000].norm()


def test_a_head_inside_a_wrapper_is_still_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", LIMIT)
    _, head = embedding_and_head(**HEADS["free"])
    hidden, targets = torch.randn(B, T, C), some_targets()
    wrapped, plain = cross_entropy(nn.Sequential(head), hidden, targets), cross_entropy(head, hidden, targets)
    torch.testing.assert_close(wrapped, plain)
