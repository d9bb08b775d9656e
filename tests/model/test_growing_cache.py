"""A cache that grows: equal to an allocated one, and an input and output of exported graphs."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.nn.cache import Cache
from support import run_python
from variants import BATCH, LATENT, TOKENS, tokens, variant

EXPORT = """
import sys
import torch
from model.test_growing_cache import padding
from variants import LATENT, tokens, variant

class Step(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, tokens, attention_mask, cache):
        return self.model(tokens, attention_mask=attention_mask, cache=cache), cache

CHOICES = {
    "rotary": {"position": "rotary", "attention": {"window": 4}, "other_layers": {"layers": [0], "position": "none"}},
    "latent": {"position": "rotary", "attention": LATENT, "norm": "rms"},
    "learned": {"position": "learned"},
}
model, ids, mask = variant(**CHOICES[sys.argv[1]]).eval(), tokens(), padding()
dynamic = torch.export.Dim.DYNAMIC
with torch.no_grad():
    whole, cache = model(ids, attention_mask=mask), model.make_cache(len(ids), None)
    model(ids[:, :5], attention_mask=mask[:, :5], cache=cache)
    text = {0: dynamic, 1: dynamic}
    held = [{0: dynamic, 1 if x.dim() == 2 else 2: dynamic} for x in cache.tensors().values()]
    arguments = ids[:, 5:].clone(), mask[:, 5:].clone(), cache
    run = torch.export.export(Step(model), arguments, dynamic_shapes=(text, text, held)).module()
    cache, worst = model.make_cache(len(ids), None), 0.0
    for start, end in ((0, 3), (3, 4), (4, 5), (5, ids.shape[1])):
        logits, cache = run(ids[:, start:end].clone(), mask[:, start:end].clone(), cache)
        difference = (logits - whole[:, start:end])[mask[:, start:end].bool()]
        worst = max(worst, difference.abs().max().item())
    print("RESULT", cache.length, worst < 1e-5 * whole.abs().max().item(), whole.abs().max().item() > 0.1)
"""


def padding() -> torch.Tensor:
    """The first text is whole, the second padded on the left, the third on the right."""
    mask = torch.ones(BATCH, TOKENS, dtype=torch.long)
    mask[1, :3] = 0
    mask[2, -2:] = 0
    return mask


HEAVY = pytest.mark.heavy


@pytest.mark.parametrize("kind", ["rotary", pytest.param("latent", marks=HEAVY), pytest.param("learned", marks=HEAVY)])
def test_a_graph_takes_a_cache_of_any_length(kind: str) -> None:
    assert f"RESULT {TOKENS} True True" in run_python(EXPORT, kind, folder=Path(__file__).parents[1])


def decoded(model: Any, cache: Cache) -> torch.Tensor:
    ids, mask = tokens(), padding()
    pieces = []
    for start, end in ((0, 4), (4, 5), (5, TOKENS)):
        pieces.append(model(ids[:, start:end], attention_mask=mask[:, start:end], cache=cache))
    return torch.cat(pieces, dim=1)


@torch.no_grad()
@pytest.mark.parametrize("attention", [{"kv_heads": 2}, LATENT], ids=["grouped", "latent"])
def test_it_is_an_allocated_one(attention: dict[str, Any]) -> None:
    model = variant(position="rotary", attention=attention, norm="rms").eval()
    grown, allocated = model.make_cache(3, None), model.make_cache(3, TOKENS + 4)
    assert torch.equal(decoded(model, grown), decoded(model, allocated))
    assert grown.tensors().keys() == allocated.tensors().keys()
    for name, tensor in allocated.tensors().items():
        assert torch.equal(grown.tensors()[name], tensor)
        assert tensor.shape[1 if tensor.dim() == 2 else 2] == TOKENS


@torch.no_grad()
def test_it_can_be_shortened_reordered_copied_and_made_of_tensors() -> None:
    model, rows = variant(position="rotary").eval(), torch.tensor([2, 0, 2])
    caches = [model.make_cache(3, None), model.make_cache(3, TOKENS + 4)]
    for cache in caches:
        decoded(model, cache)
        cache.truncate(7)
        cache.reorder(rows)
    caches += [caches[0].copy(), Cache.from_tensors(caches[1].tensors())]
    one, *others = [model(tokens()[:, 7:9], cache=cache) for cache in caches]
    assert all(torch.equal(one, other) for other in others)
    assert [cache.length for cache in caches] == [9] * 4


@torch.no_grad()
def test_a_source_grows_too() -> None:
    model = variant(architecture="encoder_decoder").eval()
    source = tokens()[:, :6]
    caches = [model.make_cache(3, None, None), model.make_cache(3, 9, 6)]
    first = [model(tokens()[:, :4], source=source, cache=cache) for cache in caches]
    caches[0] = Cache.from_tensors(caches[0].tensors())
    second = [model(tokens()[:, 4:6], cache=cache) for cache in caches]
    assert torch.equal(*first)
    assert torch.equal(*second)
    assert caches[0].source is not None
    assert caches[0].source.length == 6
