"""Every submodule is called: hooks, wrappers, adapters and quantized layers act wherever they are attached."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from cutaway.config.reading import presets
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, Transformer
from cutaway.nn.cache import Cache
from model.small import BATCH, TOKENS, inputs, small_config, small_model
from support import require_module

WRAPPED = (nn.Linear, nn.Embedding)


def owners(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules on the way to the logits that have parameters of their own, but for experts: few are chosen."""
    for name, module in model.named_modules():
        if any(True for _ in module.parameters(recurse=False)) and "ahead." not in name and ".experts." not in name:
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


@pytest.mark.parametrize("preset", presets())
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


DECODERS = [preset for preset in presets() if small_config(preset).architecture != "encoder"]


def make_cache(model: Transformer, others: dict[str, Tensor]) -> Cache:
    if isinstance(model, EncoderDecoder):
        return model.make_cache(BATCH, TOKENS, model.encoder.embed.slots(others["source"]).shape[1])
    assert isinstance(model, DecoderOnly)
    return model.make_cache(BATCH, TOKENS)


def one_by_one(model: Any, own: Transformer, tokens: Tensor, others: dict[str, Tensor]) -> Tensor:
    """Logits of some tokens at once and then of one after the other."""
    cache, pieces = make_cache(own, others), []
    for start, end in ((0, 5), *((i, i + 1) for i in range(5, TOKENS))):
        pieces.append(model(tokens[:, start:end], **(others if start == 0 else {}), cache=cache))
    return torch.cat(pieces, dim=1)


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


@pytest.mark.parametrize("preset", presets())
@torch.no_grad()
def test_adapters_of_peft_on_all_linear_layers(preset: str) -> None:
    peft = require_module("peft")
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    tied = {"head.projection"} if getattr(config.head, "tied", False) else set()
    linear = {name for name, module in model.named_modules() if isinstance(module, nn.Linear) and "ahead." not in name}
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


@pytest.mark.parametrize("preset", ["gpt-micro", "deepseek-nano", "t5-nano"])
@torch.no_grad()
def test_offloaded_layers_give_the_same_logits(preset: str) -> None:
    accelerate = require_module("accelerate")
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    accelerate.cpu_offload(model, execution_device=torch.device("cpu"))
    torch.testing.assert_close(model(given, **others), plain)
    assert next(model.parameters()).is_meta


@pytest.mark.parametrize("preset", ["gpt-micro", "deepseek-nano", "t5-nano"])
@torch.no_grad()
def test_quantized_layers_are_called_in_decoding_too(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    for name, module in list(model.named_modules()):
        if type(module) is nn.Linear:
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, Rounded(module))
    found = model(given, **others)
    assert 1e-4 < (found - plain).abs().max() / plain.abs().max() < 0.5
    torch.testing.assert_close(one_by_one(model, model, given, others), found, rtol=1e-3, atol=1e-4)


class Rounded(nn.Module):
    """A linear layer whose weights are whole numbers of 8 bits, and which has no attribute `weight`."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.scale = linear.weight.abs().amax() / 127
        self.numbers = (linear.weight / self.scale).round().to(torch.int8)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.numbers.to(x.dtype) * self.scale, self.bias)


class Skipping(nn.Module):
    """A block that hands on what it is given, and keeps the one that stood there."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.calls = 0

    def forward(self, x: Tensor, *others: Any) -> Tensor:
        self.calls += 1
        return self.inner(x, *others)


@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_a_block_that_is_replaced_is_the_one_that_runs(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    wrapper = Skipping(model.decoder.get_submodule("0"))
    setattr(model.decoder, "0", wrapper)
    assert torch.equal(model(given, **others), plain)
    assert wrapper.calls == 1
    torch.testing.assert_close(one_by_one(model, model, given, others), plain, rtol=1e-3, atol=1e-4)
    model.decoder.add_module("0", Identity())
    assert (model(given, **others) - plain).abs().max() > 1e-2 * plain.abs().max()
    assert model.decoder.blocks == [model.decoder.get_submodule(str(i)) for i in range(config.layers)]


class Identity(nn.Module):
    """No layer at all."""

    def forward(self, x: Tensor, *others: Any) -> Tensor:
        return x
