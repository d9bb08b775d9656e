"""A mixture of experts is its equation: whatever the gate, each token gets its own experts, and none is left out."""

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.nn.balance import BalanceByBias, NoBalance
from cutaway.nn.experts import GATES, Experts, Routing
from cutaway.nn.feedforward import Gated
from cutaway.tap import capture
from model.identities import close
from support import require_module

BATCH, TOKENS, WIDTH, HIDDEN, EXPERTS, CHOSEN, SHARED = 3, 11, 10, 7, 12, 5, 2
GROUPED = {"groups": 6, "groups_per_token": 4}

ROUTINGS = {
    "softmax": Routing(GATES["softmax"], CHOSEN, normalised=False, scale=1.7),
    "softmax, normalised": Routing(GATES["softmax"], CHOSEN),
    "sigmoid": Routing(GATES["sigmoid"], CHOSEN, normalised=False),
    "sigmoid, normalised, in groups": Routing(GATES["sigmoid"], CHOSEN, **GROUPED, scale=2.5),
    "all of them": Routing(GATES["sigmoid"], EXPERTS),
}
every_routing = pytest.mark.parametrize("routing", ROUTINGS.values(), ids=ROUTINGS)


def mixture(
    routing: Routing, *, experts: int = EXPERTS, shared: int = SHARED, balance: nn.Module | None = None, seed: int = 0
) -> Experts:
    """Every weight is random, biases too."""
    torch.manual_seed(seed)
    networks = [Gated(WIDTH, HIDDEN, F.silu) for _ in range(experts)]
    common = Gated(WIDTH, shared * HIDDEN, F.silu) if shared else None
    layer = Experts(WIDTH, networks, common, routing, balance or NoBalance())
    with torch.no_grad():
        for weight in layer.parameters():
            weight += 0.3 * torch.randn_like(weight)
    return layer


def inputs(seed: int = 1) -> Tensor:
    return torch.randn(BATCH, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))


def one_by_one(layer: Experts, token: Tensor) -> Tensor:
    """The equation for a single token, expert by expert (DeepSeek-V2, eq. 20-22; V3, eq. 12-16)."""
    routing = layer.routing
    products = layer.router.weight @ token
    scores = products.softmax(0) if routing.gate is GATES["softmax"] else 1 / (1 + (-products).exp())
    preferences = dict(enumerate((scores + getattr(layer.balance, "bias", 0)).tolist()))
    size = len(preferences) // routing.groups
    merit = {g: sum(sorted(preferences[g * size + i] for i in range(size))[-2:]) for g in range(routing.groups)}
    groups = sorted(merit, key=lambda g: -merit[g])[: routing.groups_per_token]
    open_to_it = [i for i in preferences if i // size in groups]
    chosen = sorted(open_to_it, key=lambda i: -preferences[i])[: routing.experts_per_token]
    total = sum(scores[i] for i in chosen) if routing.normalised else 1
    y = sum(routing.scale * scores[i] / total * layer.experts[i](token) for i in chosen)
    return y + layer.shared(token)


@every_routing
def test_it_is_its_equation(routing: Routing) -> None:
    layer = mixture(routing, balance=BalanceByBias(EXPERTS, rate=0.1))
    expected = torch.stack([one_by_one(layer, token) for token in inputs().flatten(0, 1)])
    assert close(layer(inputs()).flatten(0, 1), expected, 1e-5)


@every_routing
def test_a_batch_is_its_tokens_one_by_one(routing: Routing) -> None:
    layer = mixture(routing)
    alone = torch.cat([layer(token[None, None]) for token in inputs().flatten(0, 1)]).view(BATCH, TOKENS, WIDTH)
    assert close(layer(inputs()), alone, 1e-5)


@pytest.mark.parametrize("gate", GATES)
def test_one_expert_that_is_always_chosen_is_a_gated_network(gate: str) -> None:
    layer = mixture(Routing(GATES[gate], 1), experts=1, shared=0)
    assert close(layer(inputs()), layer.experts[0](inputs()), 1e-5)


@pytest.mark.parametrize("gate", GATES)
def test_the_order_of_experts_is_nothing(gate: str) -> None:
    layer = mixture(Routing(GATES[gate], CHOSEN), balance=BalanceByBias(EXPERTS, rate=0.1))
    before, order = layer(inputs()), torch.randperm(EXPERTS, generator=torch.Generator().manual_seed(3))
    layer.experts = nn.ModuleList([layer.experts[i] for i in order])
    layer.router.weight.data, layer.balance.bias.data = layer.router.weight[order].data, layer.balance.bias[order].data
    assert close(layer(inputs()), before, 1e-5)
    layer.router.weight.data = layer.router.weight.flip(0).data
    assert not close(layer(inputs()), before, 1e-2)


def test_no_token_is_dropped_and_every_expert_learns_or_knows_that_it_did_not() -> None:
    layer = mixture(Routing(GATES["sigmoid"], 1), balance=BalanceByBias(EXPERTS, rate=0.1), shared=0)
    layer.balance.bias.data = 10.0 * (torch.arange(EXPERTS) == 4)
    y = layer(inputs())
    assert close(y, layer.experts[4](inputs()), 1e-5)
    y.sum().backward()
    for i, expert in enumerate(layer.experts):
        assert all((weight.grad != 0).any() == (i == 4) for weight in expert.parameters())


def test_the_bias_chooses_and_weighs_nothing() -> None:
    layer = mixture(Routing(GATES["sigmoid"], 1, normalised=False), balance=BalanceByBias(EXPERTS, rate=0.1), shared=0)
    layer.balance.bias.data = 10.0 * (torch.arange(EXPERTS) == 4)
    weight = torch.sigmoid(inputs() @ layer.router.weight[4])
    assert close(layer(inputs()), weight[:, :, None] * layer.experts[4](inputs()), 1e-5)


def test_only_the_best_groups_are_open() -> None:
    routing = Routing(GATES["sigmoid"], 2, groups=3, groups_per_token=1)
    # the highest single preference is in the second group, the best two together are in the third
    preferences = torch.tensor([[[0.1, 0.2, 0.0, 0.9, -0.8, 0.0, 0.6, 0.5, 0.4]]])
    assert set(routing.choose(preferences).flatten().tolist()) == {6, 7}
    assert set(replace(routing, groups_per_token=2).choose(preferences).flatten().tolist()) == {3, 6}
    assert set(routing.choose(preferences - 5).flatten().tolist()) == {6, 7}, "negative ones too"
    singles = Routing(GATES["sigmoid"], 3, groups=9, groups_per_token=4)
    assert set(singles.choose(preferences).flatten().tolist()) == {3, 6, 7}, "groups of one"


@every_routing
def test_taps_show_scores_choices_and_what_each_expert_was_sent(routing: Routing) -> None:
    layer = mixture(routing)
    with capture(layer, "*") as trace:
        y = layer(inputs())
    assert torch.equal(trace["out"], y)
    assert trace["router"].shape == (BATCH, TOKENS, EXPERTS)
    if routing.gate is GATES["softmax"]:
        torch.testing.assert_close(trace["router"].sum(dim=-1), torch.ones(BATCH, TOKENS))
    torch.testing.assert_close(trace["load"].sum(), torch.tensor(1.0))
    sent = torch.tensor([len(trace[f"experts.{i}.input"]) for i in range(EXPERTS)])
    torch.testing.assert_close(trace["load"], sent / (BATCH * TOKENS * routing.experts_per_token))


def test_edited_scores_send_tokens_elsewhere() -> None:
    layer = mixture(Routing(GATES["softmax"], 1), shared=0)
    only_third = torch.eye(EXPERTS)[3].expand(BATCH, TOKENS, EXPERTS)
    with capture(layer, edits={"router": lambda _, x: only_third}):
        y = layer(inputs())
    assert close(y, layer.experts[3](inputs()), 1e-5)


def test_scores_are_computed_in_fp32() -> None:
    layer = mixture(ROUTINGS["softmax"])
    with capture(layer, "router") as exact:
        layer(inputs())
    with torch.autocast("cpu", torch.bfloat16), capture(layer, "router") as trace:
        y = layer(inputs())
    assert torch.equal(trace["router"], exact["router"])
    assert close(y.float(), layer(inputs()), 0.05)


@pytest.mark.parametrize("groups", [{}, GROUPED], ids=["free", "in groups"])
@pytest.mark.parametrize("normalised", [True, False])
def test_it_gives_the_numbers_of_deepseek_v3(groups: dict[str, int], normalised: bool) -> None:
    theirs = deepseek(groups, normalised)
    routing = Routing(GATES["sigmoid"], CHOSEN, **groups, normalised=normalised, scale=2.5)
    ours = mixture(routing, balance=BalanceByBias(EXPERTS, rate=0.1))
    with torch.no_grad():
        ours.router.weight.copy_(theirs.gate.weight)
        ours.balance.bias.copy_(theirs.gate.e_score_correction_bias)
        for i, expert in enumerate(ours.experts):
            for linear, weight in zip((expert.gate, expert.up), theirs.experts.gate_up_proj[i].chunk(2), strict=True):
                linear.weight.copy_(weight)
            expert.down.weight.copy_(theirs.experts.down_proj[i])
        for name in ("gate", "up", "down"):
            getattr(ours.shared, name).weight.copy_(getattr(theirs.shared_experts, f"{name}_proj").weight)
        _, weights, chosen = theirs.gate(inputs())
        scores = ours.routing.gate(ours.router(inputs()))
        found, _ = ours.balance(scores, ours.routing.choose)
        assert torch.equal(found.flatten(0, 1).sort().values, chosen.sort().values)
        order, their_order = found.flatten(0, 1).argsort(), chosen.argsort()
        our_weights = ours.routing.weigh(scores, found).flatten(0, 1).gather(-1, order)
        assert close(our_weights, weights.gather(-1, their_order), 1e-5)
        assert close(ours(inputs()), theirs(inputs()), 1e-5)


def deepseek(groups: dict[str, int], normalised: bool) -> Any:
    """Their layer, of the same sizes, with random weights and biases."""
    transformers = require_module("transformers")
    config = transformers.DeepseekV3Config(
        hidden_size=WIDTH,
        moe_intermediate_size=HIDDEN,
        n_routed_experts=EXPERTS,
        n_shared_experts=SHARED,
        num_experts_per_tok=CHOSEN,
        n_group=groups.get("groups", 1),
        topk_group=groups.get("groups_per_token", 1),
        norm_topk_prob=normalised,
        routed_scaling_factor=2.5,
    )
    layer = transformers.models.deepseek_v3.modeling_deepseek_v3.DeepseekV3MoE(config)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for tensor in [*layer.parameters(), *layer.buffers()]:
            tensor.copy_(0.4 * torch.randn(tensor.shape, generator=generator))
    return layer
