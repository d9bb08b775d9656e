"""What keeps experts evenly used: it is felt in gradients while training, and nowhere else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cutaway.nn.balance import BalanceByBias, BalanceByLoss, NoBalance, attach
from cutaway.nn.experts import GATES, Experts, Routing
from nn.test_experts import BATCH, CHOSEN, EXPERTS, TOKENS, WIDTH, inputs, mixture

WEIGHT = 0.7
KINDS: dict[str, Callable[[], nn.Module]] = {
    "none": NoBalance,
    "loss": lambda: BalanceByLoss(WEIGHT),
    "bias": lambda: BalanceByBias(EXPERTS, rate=0.1),
}
PULL = torch.randn(BATCH, TOKENS, WIDTH, generator=torch.Generator().manual_seed(2))


def gradients(layer: Experts, extra: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
    """Of a loss on what the layer returns and, on request, of another."""
    layer.zero_grad()
    loss = (layer(inputs()) * PULL).sum()
    (loss if extra is None else loss + extra()).backward()
    return {name: weight.grad.clone() for name, weight in layer.named_parameters() if weight.grad is not None}


def written_out(layer: Experts) -> Tensor:
    """α Σ_i f_i P_i of each sequence (DeepSeek-V3, eq. 17-20), summed over tokens as losses are in training."""
    total = torch.zeros(())
    for sequence in inputs():
        scores = layer.routing.gate(sequence @ layer.router.weight.T)
        for i in range(EXPERTS):
            chosen = [i in token.topk(CHOSEN).indices for token in scores]
            f = EXPERTS / (CHOSEN * TOKENS) * sum(chosen)
            p = sum(token[i] / token.sum() for token in scores) / TOKENS
            total = total + WEIGHT * f * p * TOKENS
    return total


@pytest.mark.parametrize("gate", GATES)
def test_the_loss_s_gradient_is_that_of_its_formula(gate: str) -> None:
    routing = Routing(GATES[gate], CHOSEN)
    attached = gradients(mixture(routing, balance=BalanceByLoss(WEIGHT)))
    plain = mixture(routing)
    expected, without = gradients(plain, lambda: written_out(plain)), gradients(plain)
    assert attached.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(attached[name], gradient, rtol=1e-4, atol=1e-5)
        assert torch.equal(gradient, without[name]) == (name != "router.weight"), "it moves the router alone"


def test_a_bias_s_gradient_is_the_surplus_of_choices() -> None:
    layer = mixture(Routing(GATES["sigmoid"], CHOSEN), balance=BalanceByBias(EXPERTS, rate=0.1))
    surplus = gradients(layer)["balance.bias"]
    chosen = (
        layer.balance(layer.routing.gate(layer.router(inputs())), layer.routing.choose)[0]
        .flatten()
        .bincount(minlength=EXPERTS)
    )
    mean = BATCH * TOKENS * CHOSEN / EXPERTS
    assert torch.equal(surplus.sign(), (chosen - mean).sign())
    torch.testing.assert_close(surplus / surplus.abs().sum(), (chosen - mean) / (chosen - mean).abs().sum())


def test_a_bias_s_gradient_is_not_felt_in_the_norm_of_all() -> None:
    layer = mixture(Routing(GATES["sigmoid"], CHOSEN), balance=BalanceByBias(EXPERTS, rate=0.1))
    found = gradients(layer)
    others = {name: gradient for name, gradient in found.items() if name != "balance.bias"}
    norm, without = (torch.nn.utils.get_total_norm(list(some.values())) for some in (found, others))
    assert torch.equal(norm, without)


def test_a_load_that_is_even_leaves_the_bias_where_it_is() -> None:
    layer = mixture(Routing(GATES["sigmoid"], EXPERTS), balance=BalanceByBias(EXPERTS, rate=0.1))
    assert (gradients(layer)["balance.bias"] == 0).all()


def test_parts_of_a_batch_have_the_surplus_of_the_whole() -> None:
    """So that gradient_accumulation makes no difference."""
    layer = mixture(Routing(GATES["sigmoid"], CHOSEN), balance=BalanceByBias(EXPERTS, rate=0.1))
    whole = gradients(layer)["balance.bias"]
    layer.zero_grad()
    for part in inputs().split([2, 1]):
        layer(part).sum().backward()
    assert torch.equal(layer.balance.bias.grad, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_attached_but_in_training(kind: str) -> None:
    layer = mixture(Routing(GATES["sigmoid"], CHOSEN), balance=KINDS[kind]())
    plain = mixture(Routing(GATES["sigmoid"], CHOSEN))
    trained = layer(inputs())
    layer.eval()
    assert torch.equal(layer(inputs()), trained)
    if kind != "bias":  # which sends tokens elsewhere
        assert torch.equal(trained, plain(inputs()))
        assert all(torch.equal(one, gradients(plain)[name]) for name, one in gradients(layer).items())
    else:
        assert "balance.bias" not in gradients(layer)
    layer.train()
    with torch.no_grad():
        assert not layer(inputs()).requires_grad


def test_what_is_attached_comes_whole_whatever_the_loss_is_multiplied_by() -> None:
    x, weight = torch.randn(2, 3, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    y = attach(x, weight**2)
    assert torch.equal(y, x)
    (5 * y.sum()).backward()
    assert (x.grad == 5).all()
    assert weight.grad == 6
