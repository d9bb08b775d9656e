"""Models on their own: they are made by hand too, a stack is a list of its blocks, its cache can be copied."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from cutaway import ModelConfig, build
from cutaway.model import Block, DecoderOnly, LanguageHead, Reach, Stack
from cutaway.nn import (
    Attention,
    Gated,
    Heads,
    PreNorm,
    RMSNorm,
    Rotary,
    TokenEmbedding,
    deinterleave,
    geometry_of,
)
from model.small import inputs, make_cache, small_config, small_model
from training.setups import small_model as decoder_only

DECODERS = ["gpt-micro", "deepseek-nano", "t5-nano"]
MODALITIES = ["gpt-micro", "bert-nano", "vit-nano", "audio-nano"]
BATCH, TOKENS, VOCABULARY, HEADS, HEAD, HIDDEN, LAYERS, BASE = 4, 5, 23, 3, 6, 20, 2, 100.0
WIDTH = HEADS * HEAD
THEIR_LAYER = {
    "attention.q": (WIDTH, WIDTH),
    "attention.k": (WIDTH, WIDTH),
    "attention.v": (WIDTH, WIDTH),
    "attention.o": (WIDTH, WIDTH),
    "norm1": (WIDTH,),
    "mlp.gate": (HIDDEN, WIDTH),
    "mlp.up": (HIDDEN, WIDTH),
    "mlp.down": (WIDTH, HIDDEN),
    "norm2": (WIDTH,),
}
"""The weights of a layer in a program of one's own, whose heads rotate the paper's pairs (2i, 2i + 1)."""
OUR_NAMES = {
    "attention.q": "self_attention.query",
    "attention.k": "self_attention.key",
    "attention.v": "self_attention.value",
    "attention.o": "self_attention.out",
    "norm1": "self_attention_residual.norm",
    "mlp": "feedforward",
    "norm2": "feedforward_residual.norm",
}


def their_layer() -> dict[str, Tensor]:
    return {
        name: torch.randn(shape, dtype=torch.float64) / (math.sqrt(shape[1]) if len(shape) > 1 else 1)
        for name, shape in THEIR_LAYER.items()
    }


def ours(theirs: dict[str, Tensor], prefix: str = "") -> dict[str, Tensor]:
    """The same weights under our names, and with the rows of each head deinterleaved where heads are rotated."""
    found = {}
    for name, weight in theirs.items():
        rotated = name in ("attention.q", "attention.k")
        weight = deinterleave(weight.unflatten(0, (HEADS, -1)), 1).flatten(0, 1) if rotated else weight
        old = next(old for old in OUR_NAMES if name.startswith(old))
        found[f"{prefix}{name.replace(old, OUR_NAMES[old])}.weight"] = weight
    return found


def normed(x: Tensor, weight: Tensor) -> Tensor:
    return x / (x.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt() * weight


def rotated(x: Tensor) -> Tensor:
    """Heads (..., T, D), rotated pair by pair."""
    position, y = torch.arange(x.shape[-2]), torch.empty_like(x)
    for i in range(0, HEAD, 2):
        cos, sin = (position * BASE ** (-i / HEAD)).cos(), (position * BASE ** (-i / HEAD)).sin()
        y[..., i] = x[..., i] * cos - x[..., i + 1] * sin
        y[..., i + 1] = x[..., i + 1] * cos + x[..., i] * sin
    return y


def layer_formula(x: Tensor, theirs: dict[str, Tensor]) -> Tensor:
    """A layer of a Llama, head by head."""
    y, later, mixed = normed(x, theirs["norm1"]), torch.ones(TOKENS, TOKENS).triu(1).bool(), []
    for rows in torch.arange(WIDTH).split(HEAD):
        q, k = (rotated(y @ theirs[f"attention.{name}"][rows].T) for name in "qk")
        pattern = (q @ k.mT / math.sqrt(HEAD)).masked_fill(later, -math.inf).softmax(dim=-1)
        mixed.append(pattern @ y @ theirs["attention.v"][rows].T)
    x = x + torch.cat(mixed, dim=-1) @ theirs["attention.o"].T
    y = normed(x, theirs["norm2"])
    gate = y @ theirs["mlp.gate"].T
    return x + (gate * gate.sigmoid() * (y @ theirs["mlp.up"].T)) @ theirs["mlp.down"].T


def block_by_hand() -> Block:
    norms = [PreNorm(RMSNorm(WIDTH, epsilon=1e-5)) for _ in range(2)]
    return Block(Attention(WIDTH, Heads(HEADS, HEADS, HEAD)), Gated(WIDTH, HIDDEN, silu), *norms).double()


def test_a_block_of_numbers_with_weights_by_name_is_the_formula() -> None:
    block, theirs, x = block_by_hand(), their_layer(), torch.randn(BATCH, TOKENS, WIDTH, dtype=torch.float64)
    block.load_state_dict(ours(theirs))
    found = block(x, geometry_of(x, rotary=Rotary(HEAD, base=BASE)))
    torch.testing.assert_close(found, layer_formula(x, theirs), rtol=1e-6, atol=1e-6)
    assert (found - block(x, geometry_of(x))).abs().max() > 1e-2, "positions count"


@pytest.mark.parametrize("made", ["by hand", "from a config"])
def test_a_model_made_by_hand_or_from_a_config_is_the_formula(made: str) -> None:
    layers, tokens = [their_layer() for _ in range(LAYERS)], torch.randint(VOCABULARY, (BATCH, TOKENS))
    table, head, weight = torch.randn(VOCABULARY, WIDTH), torch.randn(VOCABULARY, WIDTH), torch.randn(WIDTH)
    if made == "by hand":
        embed, blocks = TokenEmbedding(nn.Parameter(table)), [block_by_hand() for _ in range(LAYERS)]
        reaches = [Reach(rotary=Rotary(HEAD, base=BASE))] * LAYERS
        stack = Stack(embed, blocks, RMSNorm(WIDTH, epsilon=1e-5), reaches)
        model = DecoderOnly(stack, LanguageHead(nn.Parameter(head)))
    else:
        choices = {
            "attention": {"heads": HEADS},
            "position": {"kind": "rotary", "base": BASE},
            "feedforward": {"kind": "gated", "hidden": HIDDEN},
            "norm": {"kind": "rms", "epsilon": 1e-5},
            "head": {"tied": False},
        }
        model = build(ModelConfig(vocabulary=VOCABULARY, width=WIDTH, layers=LAYERS, **choices))
    weights = {"decoder.embed.tokens": table, "decoder.norm": weight, "head.projection": head}
    named = {f"{name}.weight": tensor for name, tensor in weights.items()}
    for i, theirs in enumerate(layers):
        named |= ours(theirs, f"decoder.{i}.")
    model.double().load_state_dict(named)
    x = table.double()[tokens]
    for theirs in layers:
        x = layer_formula(x, theirs)
    torch.testing.assert_close(model(tokens), normed(x, weight.double()) @ head.double().T, rtol=1e-5, atol=1e-5)


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
