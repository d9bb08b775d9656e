"""Every submodule is called: hooks, wrappers and adapters act wherever they are attached."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from cutaway.config.reading import presets
from cutaway.nn import losses
from cutaway.tasks.language_modeling.task import LanguageModeling
from model.small import EVERY_PRESET, TOKENS, inputs, one_by_one, small_config, small_model
from support import require_module

WRAPPED = (nn.Linear, nn.Embedding)


def owners(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules on the way to the logits that have parameters of their own, but for experts: few are chosen."""
    for name, module in model.named_modules():
        if (
            any(True for _ in module.parameters(recurse=False))
            and "multi_token_prediction." not in name
            and ".experts." not in name
        ):
            yield name, module


@pytest.mark.parametrize("preset", presets())
@torch.no_grad()
def test_each_module_with_parameters_is_called_and_as_often_for_one_token(preset: str) -> None:
    config = small_config(preset)
    model, calls = small_model(config), {}
    for tokens in (TOKENS, 1):
        counts: Counter[str] = Counter()
        handles = [
            module.register_forward_hook(lambda *_, name=name, counts=counts: counts.update([name]))
            for name, module in owners(model)
        ]
        given, others = inputs(config, tokens)
        model(given, **others)
        calls[tokens] = counts
        for handle in handles:
            handle.remove()
    assert set(calls[TOKENS]) == {name for name, _ in owners(model)}
    assert calls[1] == calls[TOKENS]


class Noisy(nn.Module):
    """Adds to each number of what a module returns, always the same where it is given the same shape."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *given: Any, **named: Any) -> Tensor:
        return disturb(self.inner(*given, **named))


def disturb(y: Any) -> Any:
    if isinstance(y, tuple):  # which experts are chosen, of 16
        return (y[0] + 1) % 16, *y[1:]
    return y + 0.5 * torch.randn(y.shape, generator=torch.Generator().manual_seed(3))


def disturbed(model: nn.Module, name: str) -> Callable[[], None]:
    """Puts a wrapper in the place of a layer, or a hook on what is more than a layer; returns what undoes it."""
    parent, _, own = name.rpartition(".")
    module, owner = model.get_submodule(name), model.get_submodule(parent)
    if isinstance(module, WRAPPED):
        setattr(owner, own, Noisy(module))
        return lambda: setattr(owner, own, module)
    return module.register_forward_hook(lambda _, given, y: disturb(y)).remove


@pytest.mark.parametrize("preset", EVERY_PRESET)
@torch.no_grad()
def test_a_wrapper_of_any_of_them_changes_the_logits(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    unmoved = []
    for name, _ in owners(model):
        undo = disturbed(model, name)
        changed = model(given, **others)
        if not (changed - plain).abs().max() > 1e-3 * plain.abs().max():
            unmoved.append(name)
        undo()
    assert not unmoved
    assert torch.equal(model(given, **others), plain)


class Doubled(nn.Module):
    """Twice what a layer returns."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.inner(x)


@pytest.mark.parametrize("how", ["wrapper", "hook", "hook on all modules", "replaced forward"])
@pytest.mark.parametrize("layer", ["key", "value"])
@torch.no_grad()
def test_what_absorbing_would_bypass_is_called_while_decoding(
    layer: str, how: str, request: pytest.FixtureRequest
) -> None:
    config = small_config("deepseek-nano")
    model, (tokens, _) = small_model(config), inputs(config)
    plain = model(tokens)
    attention = model.get_submodule("decoder.1.self_attention")
    linear = attention.get_submodule(layer)
    match how:
        case "wrapper":
            setattr(attention, layer, Doubled(linear))
        case "hook":
            linear.register_forward_hook(lambda _, given, y: 2 * y)
        case "hook on all modules":
            handle = register_module_forward_hook(lambda module, given, y: 2 * y if module is linear else None)
            request.addfinalizer(handle.remove)
        case _:
            own = linear.forward
            linear.forward = lambda x: 2 * own(x)
    assert (model(tokens) - plain).abs().max() > 1e-2
    torch.testing.assert_close(one_by_one(model, model, tokens, {}), model(tokens), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("preset", EVERY_PRESET)
@torch.no_grad()
def test_adapters_of_peft_on_all_linear_layers(preset: str) -> None:
    peft = require_module("peft")
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    tied = {"head.projection"} if getattr(config.head, "tied", False) else set()
    linear = {
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and "multi_token_prediction." not in name
    }
    wanted = peft.LoraConfig(r=3, lora_alpha=6, target_modules=sorted(linear - tied), init_lora_weights=False)
    adapted = peft.get_peft_model(model, wanted).eval()
    replaced = {name.removesuffix(".base_layer") for name, _ in model.named_modules() if name.endswith("base_layer")}
    assert replaced == linear - tied
    on = adapted(given, **others)
    assert (on - plain).abs().max() > 1e-2 * plain.abs().max()
    with adapted.disable_adapter():
        torch.testing.assert_close(adapted(given, **others), plain)
    if config.architecture != "encoder":
        torch.testing.assert_close(one_by_one(adapted, model, given, others), on, rtol=1e-3, atol=1e-4)
    merged = adapted.merge_and_unload()
    torch.testing.assert_close(merged(given, **others), on, rtol=1e-3, atol=1e-3)


def test_training_with_adapters_moves_each_of_them() -> None:
    peft = require_module("peft")
    config = small_config("gpt-micro")
    model, (tokens, _) = small_model(config), inputs(config)
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=3, target_modules=["query", "value"]))
    adapted(tokens).square().sum().backward()
    moved = {name for name, weight in adapted.named_parameters() if weight.grad is not None and weight.grad.any()}
    trained = {name for name, weight in adapted.named_parameters() if "lora_B" in name}
    assert trained == moved
    assert len(trained) == 2 * config.layers


def test_adapters_learn_a_loss_in_parts_though_the_head_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    peft = require_module("peft")
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", 4 * 37)
    config = small_config("llama-nano")
    model, (tokens, _) = small_model(config), inputs(config)
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=3, target_modules=["query", "value"]))
    gradients = {}
    for logits in ("parts", "whole"):
        adapted.zero_grad()
        LanguageModeling(logits=logits).loss(adapted, {"inputs": tokens, "targets": tokens.flip(1)})[0].backward()
        trained = [weight for name, weight in adapted.named_parameters() if "lora_B" in name]
        gradients[logits] = [weight.grad.clone() for weight in trained]
    torch.testing.assert_close(gradients["parts"], gradients["whole"], rtol=1e-4, atol=1e-4)
    assert all(gradient.any() for gradient in gradients["parts"])
