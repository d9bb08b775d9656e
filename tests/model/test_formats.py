"""Models in every format of weights: near the plain model, seen and hooked as it is, and not trained by mistake."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.model import formats, measured
from cutaway.model.formats import count_weights, for_inference, format_of, with_plain_weights
from cutaway.model.transformer import Transformer
from cutaway.nn.experts import Router
from cutaway.nn.joint import Part
from cutaway.nn.stored import Packed, Plain, StoredLinear, is_right
from cutaway.tap import capture
from model.small import DECODERS, EVERY_PRESET, inputs, one_by_one, small_config, small_model
from variants import EXPERTS, LATENT, tokens, variant

UNROUNDED = ("columns", "packed")
NEAR = {"columns": 1e-4, "packed": 1e-4, "q8": 0.1, "q4": 0.6}
"""How far the logits of most tokens may be from those of the plain model, of the largest; some reach other experts."""


@pytest.fixture(autouse=True)
def _packs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every layer is stored in another form that can be, however small."""
    monkeypatch.setattr(formats, "LEAST", 0)


def in_format(model: Transformer, name: str, dtype: torch.dtype = torch.float32) -> Transformer:
    """A copy in a format, unmeasured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "fastest", lambda ways, weights: name if name in ways else [*ways][-1])
        return for_inference(deepcopy(model).eval(), dtype, None if name in UNROUNDED else name)


def drift(found: Tensor, expected: Tensor) -> float:
    """The largest difference of the logits of a row, in the median over rows."""
    return float((found - expected).abs().flatten(0, -2).amax(dim=-1).median() / expected.abs().max())


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("preset", EVERY_PRESET)
@torch.no_grad()
def test_logits_are_near_the_plain_ones(preset: str, name: str) -> None:
    config = small_config(preset)
    plain, (given, others) = small_model(config), inputs(config)
    model = in_format(plain, name)
    expected, found = plain(given, **others), model(given, **others)
    assert drift(found, expected) <= NEAR[name]
    assert name in UNROUNDED or drift(found, expected) > 1e-4
    assert count_weights(model) == count_weights(plain)
    again = with_plain_weights(model)
    assert [*dict(again.named_parameters())] == [*dict(plain.named_parameters())]
    assert format_of(again) is None
    again.float().requires_grad_(True)
    assert not any(weight.requires_grad for weight in model.parameters())
    if name in UNROUNDED:
        assert all(map(torch.equal, again.parameters(), plain.parameters()))
        assert set(model.state_dict()) == set(plain.state_dict())
        assert all(torch.equal(weight, plain.state_dict()[key]) for key, weight in model.state_dict().items())


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("preset", DECODERS)
@torch.no_grad()
def test_decoding_one_by_one_is_near_reading_at_once(preset: str, name: str) -> None:
    config = small_config(preset)
    model, (given, others) = in_format(small_model(config), name), inputs(config)
    expected = model(given, **others)
    # In q8, a difference in the last bit may round an input to the next integer.
    assert drift(one_by_one(model, model, given, others), expected) <= min(NEAR[name], 0.1)


@pytest.mark.parametrize("name", NEAR)
@torch.no_grad()
def test_captures_hooks_and_edits_see_every_format(name: str) -> None:
    model = in_format(variant(), name)
    expected = model(tokens())
    called: list[int] = []
    layer = model.decoder.get_submodule("0.self_attention.query")
    layer.register_forward_hook(lambda module, given, y: called.append(y.shape[-1]))
    with capture(model, "*") as trace:
        found = model(tokens())
    assert called == [layer.out_features]
    assert drift(found, expected) <= min(NEAR[name], 0.1)
    assert {key.rpartition(".")[2] for key in trace} >= {"query", "pattern", "logits"}
    layer.register_forward_hook(lambda module, given, y: torch.zeros_like(y))
    assert drift(model(tokens()), expected) > 0.01


@pytest.mark.parametrize("quantize", [None, "q8", "q4"])
@torch.no_grad()
def test_what_stays_as_it_is(quantize: str | None) -> None:
    plain = variant(attention=LATENT, feedforward=EXPERTS, norm="rms")
    model = for_inference(deepcopy(plain), torch.bfloat16, quantize)
    routers = [module for module in model.modules() if isinstance(module, Router)]
    before = [module for module in plain.modules() if isinstance(module, Router)]
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(routers, before, strict=True))
    assert routers[0].weight.dtype == torch.float32
    others = {name: weight for name, weight in model.named_parameters() if not name.endswith("router.weight")}
    assert {weight.dtype for weight in others.values()} == {torch.bfloat16}
    if quantize is not None:
        left = {name for name, weight in others.items() if weight.ndim > 1}
        absorbed = {f"decoder.{i}.self_attention.{name}.weight" for i in range(2) for name in ("key", "value")}
        assert left == {"decoder.embed.tokens.weight", "decoder.embed.positions.weight"} | absorbed
        assert isinstance(model.head.projection, StoredLinear)
    assert torch.equal(others["decoder.embed.tokens.weight"], plain.decoder.embed.tokens.weight.bfloat16())
    assert not any(weight.requires_grad for weight in model.parameters())
    assert model(tokens()).isfinite().all()


def test_layers_with_hooks_stay_plain() -> None:
    model = variant()
    query = model.decoder.get_submodule("0.self_attention.query")
    query.register_forward_hook(lambda module, given, y: None)
    for_inference(model, quantize="q8")
    assert model.decoder.get_submodule("0.self_attention.query") is query


def test_a_machine_without_the_operator_does_not_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*given: Any) -> Any:
        raise RuntimeError("no such operator here")

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", missing)
    is_right.cache_clear()
    plain = variant()
    model = in_format(plain, "packed")
    is_right.cache_clear()
    assert format_of(model) == "columns"
    torch.testing.assert_close(model(tokens()), plain.eval()(tokens()))


def test_what_was_measured_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {"plain": Plain, "packed": Packed}
    seconds, asked = iter([0.5, 1.5, 0.5]), []

    def measure(ways: Any, weights: Any) -> dict[str, float]:
        asked.append(weights[0].shape)
        return {"plain": 1.0, "packed": next(seconds)}

    monkeypatch.setenv("CUTAWAY_CACHE", str(tmp_path / "new" / "folder"))
    monkeypatch.setattr(measured, "measure", measure)
    small, large = torch.randn(5, 7), torch.randn(11, 13)
    found = [measured.fastest(ways, [one]) for one in (small, large, small, large)]
    assert found == ["packed", "plain", "packed", "plain"]
    assert asked == [small.shape, large.shape]
    (known,) = json.loads(measured.cache_file().read_text()).values()
    assert known == {"plain or packed, float32 5 x 7": "packed", "plain or packed, float32 11 x 13": "plain"}
    monkeypatch.setattr(measured, "measure", lambda ways, weights: {"plain": 1.0, "packed": 0.1})
    for damaged in ("{", "[]", '{"a": 1}'):
        measured.cache_file().write_text(damaged)
        assert measured.fastest(ways, [large]) == "packed"
    measured.cache_file().unlink()
    measured.cache_file().mkdir()
    assert measured.fastest(ways, [large]) == "packed"


def test_every_way_is_measured() -> None:
    class Slow(Plain):
        """Takes far longer than a product of such a size."""

        def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
            for _ in range(200):
                x = x + 1
            return x

    found = measured.measure({"plain": Plain, "slow": Slow}, [torch.randn(16, 16)])
    assert 0 < found["plain"] < found["slow"]


def test_small_matrices_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fastest(ways: Any, weights: Any) -> str:
        asked.append(len(list(weights)))
        return next(iter(ways))

    monkeypatch.setattr(formats, "LEAST", 256 * 256)
    monkeypatch.setattr(formats, "fastest", fastest)
    model = nn.Sequential(nn.Linear(256, 256), nn.Linear(256, 255), nn.Linear(256, 256))
    for_inference(model, torch.float32)  # type: ignore[arg-type]
    assert asked == [2]
    assert all(type(layer) is nn.Linear for layer in model)


def joints(model: nn.Module) -> list[set[str]]:
    """The names of layers that are stored together."""
    found: dict[int, set[str]] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, StoredLinear) and isinstance(layer.stored, Part):
            found.setdefault(id(layer.stored.joint), set()).add(name)
    return list(found.values())


@pytest.mark.parametrize("preset", ["gpt-micro", "llama-nano", "deepseek-nano", "t5-nano"])
@torch.no_grad()
def test_layers_with_the_same_input_are_stored_together(preset: str) -> None:
    config = small_config(preset)
    model, (given, others) = in_format(small_model(config), "columns"), inputs(config)
    seen: dict[str, int] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, StoredLinear):
            layer.register_forward_pre_hook(lambda module, x, name=name: seen.update({name: id(x[0])}))  # type: ignore[misc]
    together = joints(model)
    kept: list[Any] = []  # so that no input takes the place, and the id, of another
    for layer in model.modules():
        layer.register_forward_pre_hook(lambda module, x: kept.append(x))
    model(given, **others)
    assert together
    assert all(len({seen[name] for name in names}) == 1 for names in together)
    shared: dict[tuple[str, int], set[str]] = {}
    for name, key in seen.items():  # both cross-attentions read the same source, but are apart
        shared.setdefault((name.rpartition(".")[0], key), set()).add(name)
    assert sorted(map(sorted, together)) == sorted(sorted(names) for names in shared.values() if len(names) > 1)
