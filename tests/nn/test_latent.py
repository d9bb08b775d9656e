"""Latent attention: both of its bodies are one equation, it remembers little, and it is DeepSeek's."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.transformer import DecoderOnly
from cutaway.nn.cache import Cache
from cutaway.nn.dot_product import Scoring
from cutaway.nn.geometry import Geometry, TokenPositions, token_positions
from cutaway.nn.latent import LatentAttention, LatentHeads
from cutaway.nn.norms import RMSNorm
from cutaway.nn.positions import ALiBi, RelativeBias, Rotary
from cutaway.tap import capture, tap_names
from model.identities import close, mask
from support import require_module
from variants import tokens

BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, ROTARY, VALUE, RANK, QUERY_RANK = 3, 13, 20, 6, 8, 4, 9, 10, 16
LENGTHS = [TOKENS, 5, 11]


def attention(
    *, query_rank: int | None = QUERY_RANK, value: int = VALUE, softcap: float | None = None, dropout: float = 0.0
) -> LatentAttention:
    """One whose weights are all random, those of the norms too."""
    module = LatentAttention(
        WIDTH,
        LatentHeads(HEADS, HEAD_WIDTH, ROTARY, value, RANK, query_rank),
        Scoring(scale=(HEAD_WIDTH + ROTARY) ** -0.5, softcap=softcap),
        (nn.Identity() if query_rank is None else RMSNorm(query_rank), RMSNorm(RANK)),
        bias=True,
        out_bias=True,
        rotary=True,
        dropout=dropout,
    )
    for weight in module.parameters():
        nn.init.normal_(weight, std=0.5)
    return module.requires_grad_(False)


def causal(first: int = 0, length: int = TOKENS) -> Geometry:
    """A text whose first token stands at this position."""
    places = TokenPositions(torch.arange(first, first + length)[None])
    return Geometry(places, places, rotation=Rotary(ROTARY)(places.positions))


def texts(seed: int = 1) -> Tensor:
    return torch.randn(BATCH, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))


def random_bias() -> RelativeBias:
    bias = RelativeBias(HEADS, buckets=8, distance=12).requires_grad_(False)
    nn.init.normal_(bias.table.weight)
    return bias


PADDED = token_positions(tokens(), mask("left", LENGTHS))
WHOLE = token_positions(tokens())
VIEWS = {
    "whole": lambda: Geometry(WHOLE, WHOLE),
    "its last token": lambda: Geometry(WHOLE[TOKENS - 1 :], WHOLE),
    "its last five": lambda: Geometry(WHOLE[TOKENS - 5 :], WHOLE),
    "padded": lambda: Geometry(PADDED, PADDED),
    "the last token of padded texts": lambda: Geometry(PADDED[TOKENS - 1 :], PADDED),
    "in a window": lambda: Geometry(WHOLE[TOKENS - 2 :], WHOLE, window=4),
    "both ways": lambda: Geometry(PADDED, PADDED, causal=False, window=4),
    "biased by slopes": lambda: Geometry(PADDED[TOKENS - 1 :], PADDED, biases=ALiBi(HEADS)),
    "biased by buckets": lambda: Geometry(WHOLE[TOKENS - 5 :], WHOLE, biases=random_bias()),
}


@pytest.mark.parametrize("choices", [{}, {"softcap": 2.0}, {"value": HEAD_WIDTH + ROTARY + 3}], ids=str)
@pytest.mark.parametrize("view", VIEWS)
def test_absorbed_equals_expanded(view: str, choices: dict[str, Any]) -> None:
    module, geometry = attention(**choices), VIEWS[view]()
    looking, kept = geometry.size
    queries = torch.randn(BATCH, HEADS, looking, HEAD_WIDTH), torch.randn(BATCH, HEADS, looking, ROTARY)
    memory = torch.randn(BATCH, 1, kept, RANK + ROTARY)
    expanded = module.expanded(queries, memory, geometry)
    assert expanded.shape == (BATCH, HEADS, looking, module.heads.value)
    assert close(module.absorbed(queries, memory, geometry), expanded, 1e-5)


def decode(module: LatentAttention, x: Tensor, first: int) -> tuple[Tensor, Cache]:
    """What it makes of the first tokens at once and of the others one by one, and what it then remembers."""
    cache, pieces, start = Cache([module.cache_shapes()], BATCH, TOKENS + 2, x), [], 0
    for end in (first, *range(first + 1, TOKENS + 1)):
        places = TokenPositions(torch.arange(start, end)[None].expand(BATCH, -1))
        geometry = Geometry(places, cache.extend(places), rotation=Rotary(ROTARY)(places.positions))
        pieces.append(module(x[:, start:end], geometry, cache.layers[0]))
        cache.advance(end - start)
        start = end
    return torch.cat(pieces, dim=1), cache


@pytest.mark.parametrize("query_rank", [QUERY_RANK, None])
def test_one_token_at_a_time_is_absorbed_and_equals_the_whole(
    query_rank: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, looking = attention(query_rank=query_rank), []
    for body in ("absorbed", "expanded"):
        own = getattr(module, body)
        monkeypatch.setattr(
            module, body, lambda *given, own=own, body=body: (looking.append((body, given[2].size)), own(*given))[1]
        )
    decoded, _ = decode(module, texts(), 4)
    assert looking == [("expanded", (4, 4)), *(("absorbed", (1, end)) for end in range(5, TOKENS + 1))]
    assert close(decoded, module(texts(), causal()), 1e-5)


@pytest.mark.parametrize("name", ["key", "value"])
def test_keys_and_values_can_be_seen_and_changed_while_decoding(name: str) -> None:
    module, width = attention(), {"key": HEAD_WIDTH + ROTARY, "value": VALUE}[name]
    with capture(module, name) as trace:
        decoded, _ = decode(module, texts(), 4)
    assert trace[name].shape == (BATCH, HEADS, TOKENS, width)
    assert close(decoded, module(texts(), causal()), 1e-5)
    with capture(module, edits={name: lambda _, x: x.flip(1)}):
        changed, _ = decode(module, texts(), 4)
    assert not close(changed[:, 4:], decoded[:, 4:], 1e-2)


def test_it_remembers_a_latent_and_a_rotated_key_and_nothing_else() -> None:
    module = attention()
    with capture(module, ["latent", "key_rotated"]) as trace:
        module(texts(), causal())
    _, cache = decode(module, texts(), 4)
    stored = cache.layers[0].tensors
    assert set(stored) == {"memory"}
    assert close(stored["memory"][:, 0, :TOKENS, :RANK], trace["latent"])
    assert close(stored["memory"][:, :, :TOKENS, RANK:], trace["key_rotated"])
    assert cache.nbytes == BATCH * (TOKENS + 2) * (RANK + ROTARY) * 4


def test_taps_show_what_they_are_named_after() -> None:
    module, heads = attention(), (BATCH, HEADS, TOKENS)
    with capture(module, "*") as trace:
        module(texts(), causal())
    shapes = {name: tuple(tensor.shape) for name, tensor in trace.items()}
    assert shapes == {
        "input": (BATCH, TOKENS, WIDTH),
        "query": (*heads, HEAD_WIDTH + ROTARY),
        "latent": (BATCH, TOKENS, RANK),
        "query_rotated": (*heads, ROTARY),
        "key_rotated": (BATCH, 1, TOKENS, ROTARY),
        "key": (*heads, HEAD_WIDTH + ROTARY),
        "value": (*heads, VALUE),
        "scores": (*heads, TOKENS),
        "pattern": (*heads, TOKENS),
        "mixed": (*heads, VALUE),
        "out": (BATCH, TOKENS, WIDTH),
    }
    assert list(shapes) == tap_names(module)
    assert torch.equal(trace["key"][..., HEAD_WIDTH:], trace["key_rotated"].expand(-1, HEADS, -1, -1))
    assert close(trace["pattern"] @ trace["value"], trace["mixed"])


def test_a_changed_latent_changes_keys_and_values_but_not_the_shared_key() -> None:
    module = attention()
    with capture(module, ["key", "value"]) as before:
        module(texts(), causal())
    with capture(module, ["key", "value"], edits={"latent": lambda _, x: 2 * x}) as after:
        module(texts(), causal())
    assert torch.equal(after["key"][..., HEAD_WIDTH:], before["key"][..., HEAD_WIDTH:])
    assert close(after["key"][..., :HEAD_WIDTH], 2 * before["key"][..., :HEAD_WIDTH])
    assert close(after["value"], 2 * before["value"])


def test_moving_a_whole_text_changes_nothing_but_moving_half_of_it_does() -> None:
    module, x = attention(), texts()
    here = module(x, causal())
    assert close(module(x, causal(first=7)), here)
    torn = TokenPositions(torch.cat([torch.arange(5), torch.arange(9, 9 + TOKENS - 5)])[None])
    far = module(x, Geometry(torn, torn, rotation=Rotary(ROTARY)(torn.positions)))
    assert not close(far[:, 5:], here[:, 5:], 1e-3)


@pytest.mark.parametrize("first", [TOKENS, 1], ids=["expanded", "absorbed"])
def test_values_are_as_wide_as_queries_where_the_fused_kernel_meets_them(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused, widths = nn.functional.scaled_dot_product_attention, []

    def measured(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
        widths.append((q.shape[-1], v.shape[-1]))
        return fused(q, k, v, **options)

    monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", measured)
    decode(attention(), texts(), first)
    assert widths
    assert all(queries == values for queries, values in widths)


def test_dropout_is_of_training_only() -> None:
    module = attention(dropout=0.5)
    assert not close(module.train()(texts(), causal()), module.eval()(texts(), causal()), 1e-2)
    assert torch.equal(module(texts(), causal()), module(texts(), causal()))


def built(width: int, **choices: Any) -> tuple[DecoderOnly, LatentAttention]:
    """A model of one layer with rotary positions, as its config says, and its attention."""
    config = {"vocabulary": 7, "width": width, "layers": 1, "position": "rotary", "norm": "rms"}
    model = build(ModelConfig.model_validate(config | {"attention": {"kind": "latent", **choices}}))
    assert isinstance(model, DecoderOnly)
    module = model.decoder.blocks[0].self_attention
    assert isinstance(module, LatentAttention)
    return model, module


@torch.no_grad()
def test_a_fresh_one_keeps_the_size_of_what_it_reads() -> None:
    model, module = built(64, query_rank=48, latent_rank=40, bias=True, out_bias=True)
    with capture(model, "*.self_attention.*") as trace:
        model(tokens() % 7)
    for name in ("q", "k", "v"):
        assert float(trace[f"decoder.0.self_attention.{name}"].std()) == pytest.approx(1, abs=0.2), name
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear):
            size = (layer.in_features * (2 if name == "out" else 1)) ** -0.5  # of two sublayers
            assert float(layer.weight.std()) == pytest.approx(size, rel=0.1), name
            assert layer.bias is None or not layer.bias.any(), name


def test_what_is_not_given_has_the_proportions_of_the_paper() -> None:
    _, module = built(44, heads=4)
    assert module.heads == LatentHeads(count=4, width=11, rotary=6, value=11, rank=44)
    assert module.scoring.scale == (11 + 6) ** -0.5


def halves(rows: Tensor) -> Tensor:
    """Rows of pairs that lie side by side, as DeepSeek rotates them, in the order in which ours does."""
    return torch.cat([rows[..., 0::2, :], rows[..., 1::2, :]], dim=-2)


def take_weights(ours: LatentAttention, theirs: nn.Module) -> None:
    """Copies every one of their weights into one of ours."""
    heads, query = ours.heads, "q_proj" if ours.heads.query_rank is None else "q_b_proj"
    given = {name: weight.view(len(weight), -1) for name, weight in theirs.state_dict().items()}
    content, rotary = given.pop(f"{query}.weight").unflatten(0, (HEADS, -1)).split([HEAD_WIDTH, ROTARY], dim=1)
    key, value = given.pop("kv_b_proj.weight").unflatten(0, (HEADS, -1)).split([HEAD_WIDTH, VALUE], dim=1)
    made = {
        "query.weight": torch.cat([content, halves(rotary)], dim=1).flatten(0, 1),
        "key.weight": key.flatten(0, 1),
        "value.weight": value.flatten(0, 1),
        "latent_norm.weight": given.pop("kv_a_layernorm.weight"),
    }
    if heads.query_rank is not None:
        made["query_norm.weight"] = given.pop("q_a_layernorm.weight")
    for name, weight in given.items():
        layer, _, kind = name.partition(".")
        if layer == "kv_a_proj_with_mqa":
            latent, shared = weight.split([RANK, ROTARY])
            made |= {f"latent_down.{kind}": latent, f"rotary_key.{kind}": halves(shared)}
        else:
            made[{"q_a_proj": "query_down", "o_proj": "out"}[layer] + f".{kind}"] = weight
    shapes = {name: weight.shape for name, weight in ours.named_parameters()}
    ours.load_state_dict({name: weight.reshape(shapes[name]) for name, weight in made.items()})


@pytest.mark.parametrize(("query_rank", "bias"), [(QUERY_RANK, True), (QUERY_RANK, False), (None, False)])
def test_it_is_deepseek_s(query_rank: int | None, bias: bool) -> None:
    require_module("transformers")
    from transformers import DeepseekV3Config
    from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek

    config = DeepseekV3Config(
        hidden_size=WIDTH,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        q_lora_rank=query_rank,
        kv_lora_rank=RANK,
        qk_rope_head_dim=ROTARY,
        qk_nope_head_dim=HEAD_WIDTH,
        v_head_dim=VALUE,
        attention_bias=bias,
        attn_implementation="eager",
    )
    sizes = {"latent_rank": RANK, "rotary_width": ROTARY, "head_width": HEAD_WIDTH, "value_width": VALUE}
    model, ours = built(WIDTH, heads=HEADS, query_rank=query_rank, **sizes, bias=bias, out_bias=bias)
    theirs = deepseek.DeepseekV3Attention(config, 0).eval()
    for weight in theirs.requires_grad_(False).parameters():
        nn.init.normal_(weight, std=0.5)
    take_weights(ours, theirs)
    rotation = deepseek.DeepseekV3RotaryEmbedding(config)(texts(), WHOLE.positions)
    hidden = torch.full((TOKENS, TOKENS), torch.finfo(torch.float32).min).triu(1)[None, None]
    expected, weights = theirs(texts(), rotation, hidden)
    geometry = model.decoder.geometries(WHOLE)[0]
    with torch.no_grad(), capture(ours, "pattern") as trace:
        assert close(ours(texts(), geometry), expected, 1e-5)
        assert close(decode(ours, texts(), 4)[0], expected, 1e-5)
    assert close(trace["pattern"][:, :, 0], weights[:, :, -1], 1e-5)
