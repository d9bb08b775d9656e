"""What is put in the place of a layer, a block, an embedding or a head is what runs, quantized and offloaded too."""

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.layer_depths import layers_above
from model.small import DECODERS, EVERY_PRESET, inputs, one_by_one, small_config, small_model
from support import require_module


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


class Counting(nn.Module):
    """Calls the block that stood there, and counts."""

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
    wrapper = Counting(model.decoder.get_submodule("0"))
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


@torch.no_grad()
def test_blocks_run_by_their_numbers_however_they_were_put_there() -> None:
    config = small_config("gpt-micro")
    model, (tokens, _) = small_model(config), inputs(config)
    plain, first = model(tokens), model.decoder.get_submodule("0")
    delattr(model.decoder, "0")
    assert layers_above(model)["decoder.1.self_attention.query.weight"] == 1
    assert layers_above(model)["decoder.embed.tokens.weight"] == 2
    without = model(tokens)
    model.decoder.add_module("0", first)
    assert torch.equal(model(tokens), plain)
    assert (without - plain).abs().max() > 1e-2 * plain.abs().max()


class Wrapper(nn.Module):
    """Calls what it wraps, and has nothing else of it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *given: Any, **named: Any) -> Any:
        return self.inner(*given, **named)


@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_a_whole_embedding_and_a_whole_head_can_be_wrapped(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    plain = model(given, **others)
    model.head, model.decoder.embed = Wrapper(model.head), Wrapper(model.decoder.embed)
    assert torch.equal(model(given, **others), plain)
    torch.testing.assert_close(one_by_one(model, model, given, others), plain, rtol=1e-3, atol=1e-4)
    if not others:
        loss, count = LanguageModeling().loss(model, {"inputs": given, "targets": given})
        assert count == given.numel()
        assert loss > 0


@torch.no_grad()
def test_a_block_that_runs_twice_cannot_share_one_cache() -> None:
    class Twice(Wrapper):
        def forward(self, x: Tensor, *others: Any) -> Any:
            return self.inner(self.inner(x, *others), *others)

    config = small_config("gpt-micro")
    model, (tokens, _) = small_model(config), inputs(config)
    model.decoder.add_module("0", Twice(model.decoder.get_submodule("0")))
    assert model(tokens).isfinite().all()
    with pytest.raises(RuntimeError, match="an attention module ran twice in one forward pass"):
        one_by_one(model, model, tokens, {})


@pytest.mark.parametrize("dtype", [torch.bfloat16, pytest.param(torch.float16, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("preset", EVERY_PRESET)
@torch.no_grad()
def test_half_precision_and_pickling_fit_every_preset(preset: str, dtype: torch.dtype) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    again = pickle.loads(pickle.dumps(model)).to(dtype)
    halved = {name: other.to(dtype) if other.is_floating_point() else other for name, other in others.items()}
    found = again(given.to(dtype) if given.is_floating_point() else given, **halved)
    assert found.dtype == dtype
    assert found.isfinite().all()
