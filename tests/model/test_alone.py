"""A model's stack is a list of its blocks, its cache can be copied, and its inputs have a batch dimension."""

import pytest
import torch
from torch import nn

from cutaway.model.block import Block
from model.small import inputs, make_cache, small_config, small_model
from training.setups import small_model as decoder_only

DECODERS = ["gpt-micro", "deepseek-nano", "t5-nano"]
MODALITIES = ["gpt-micro", "bert-nano", "vit-nano", "audio-nano"]


@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_two_copies_of_a_cache_go_on_independently(preset: str) -> None:
    config = small_config(preset)
    model, (tokens, others) = small_model(config), inputs(config)
    first, rest = tokens[:, :6], tokens[:, 6:]
    cache = make_cache(model, others)
    model(first, cache=cache, **others)
    continuations, copies = (rest, rest.flip(1)), (cache.copy(), cache.copy())
    parts = [
        [model(part[:, i : i + 5], cache=own) for part, own in zip(continuations, copies, strict=True)] for i in (0, 5)
    ]
    for own, continuation, found in zip(copies, continuations, zip(*parts, strict=True), strict=True):
        expected = model(torch.cat([first, continuation], dim=1), **others)[:, 6:]
        torch.testing.assert_close(torch.cat(found, dim=1), expected, atol=1e-4, rtol=1e-3)
        assert (own.length, cache.length) == (tokens.shape[1], 6)


@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_nothing_of_a_cache_is_shared_with_its_copy(preset: str) -> None:
    config = small_config(preset)
    model, (tokens, others) = small_model(config), inputs(config)
    cache = make_cache(model, others)
    model(tokens[:, :6], cache=cache, **others)
    before = {name: tensor.clone() for name, tensor in cache.tensors().items()}
    copy = cache.copy()
    copy.reorder(torch.tensor([1, 0]))
    mask = torch.tensor([[0, 0, 1], [1, 1, 1]])
    model(tokens[:, 6:9], attention_mask=mask, cache=copy)
    copy.truncate(2)
    for name, tensor in cache.tensors().items():
        assert torch.equal(tensor, before[name]), name
    torch.testing.assert_close(
        model(tokens[:, 6:9], cache=cache), model(tokens[:, :9], **others)[:, 6:], atol=1e-4, rtol=1e-3
    )


@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_copies_have_their_own_padding(preset: str) -> None:
    config = small_config(preset)
    model, (tokens, others) = small_model(config), inputs(config)
    cache = make_cache(model, others)
    first = torch.tensor([[0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]])
    model(tokens[:, :6], attention_mask=first, cache=cache, **others)
    masks = torch.tensor([[[0, 0, 1, 1], [1, 1, 1, 1]], [[1, 1, 1, 1], [1, 0, 1, 1]]])
    copies = [cache.copy() for _ in masks]
    parts = [
        [
            model(tokens[:, i:j], attention_mask=mask[:, i - 6 : j - 6], cache=own)
            for own, mask in zip(copies, masks, strict=True)
        ]
        for i, j in ((6, 9), (9, 10))
    ]
    for mask, found in zip(masks, parts[1], strict=True):
        whole = torch.cat([first, mask], dim=1)
        expected = model(tokens[:, :10], attention_mask=whole, **others)[:, 9:]
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


def test_a_cache_that_was_filled_with_gradients_can_be_copied() -> None:
    config = small_config("gpt-micro")
    model, (tokens, _) = small_model(config), inputs(config)
    cache = model.make_cache(2, 9)
    model(tokens[:, :4], cache=cache)
    assert torch.equal(cache.copy().tensors()["layers.0.key"], cache.tensors()["layers.0.key"])


def test_a_stack_is_a_list_of_its_blocks() -> None:
    stack = decoder_only(layers=12).decoder
    assert len(stack) == 12
    assert list(stack) == stack.blocks == stack[:]
    assert stack[0] is stack.get_submodule("0")
    assert stack[-1] is stack[11] is stack.get_submodule("11")
    assert stack[1:12:5] == [stack[1], stack[6], stack[11]]
    assert stack[0] in stack
    with pytest.raises(IndexError):
        stack[12]


def test_a_block_that_is_put_in_its_place_runs() -> None:
    class Nothing(nn.Module):
        def forward(self, x: torch.Tensor, *others: object) -> torch.Tensor:
            return x

    model, tokens = decoder_only(layers=3), torch.tensor([[1, 2, 3]])
    names = list(model.state_dict())
    block = model.decoder[1]
    assert isinstance(block, Block)
    expected = model.head(model.decoder.norm(model.decoder.embed(tokens, torch.arange(3)[None])))
    for i in range(-3, 0):
        model.decoder[i] = Nothing()
    assert len(model.decoder) == 3
    torch.testing.assert_close(model(tokens), expected)
    before = decoder_only(layers=3)
    model.decoder[0], model.decoder[1], model.decoder[2] = before.decoder
    assert list(model.state_dict()) == names
    with pytest.raises(IndexError):
        model.decoder[3] = block


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("preset", MODALITIES)
def test_a_missing_batch_dimension_is_named(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = small_model(config), inputs(config)
    shape = ", ".join(map(str, given[0].shape))
    with pytest.raises(ValueError, match=rf"here it is \({shape},?\): the batch dimension .* add it with x\[None\]"):
        model(given[0], **others)
    with pytest.raises(ValueError, match=rf"here it is \(1, {given.shape[0]}, {shape}\)$"):
        model(given[None], **others)
    assert len(model(given[0][None], **{name: other[:1] for name, other in others.items()})) == 1
