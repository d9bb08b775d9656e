"""Attention must be the equation that its config describes, at near and at far positions.

The equation is written out once more, in float64 and from the config: it shares no code with the layers.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cutaway.checks.batch import join, logits
from cutaway.checks.measure import ROUNDING, Measurement, NotForThis, difference
from cutaway.checks.subject import Subject, limits
from cutaway.config.layers import encoder, layer
from cutaway.config.model import ModelConfig
from cutaway.model.block import AnyAttention
from cutaway.model.device import device_of
from cutaway.model.stack import Reach, Stack
from cutaway.model.transformer import EncoderDecoder, EncoderOnly
from cutaway.nn.geometry import Geometry, TokenPositions, all_to_all
from cutaway.nn.latent import LatentAttention
from cutaway.nn.positions import Rotates
from cutaway.tap import capture

FARTHEST = 16_384
"""The farthest position that is tried: angles in fp32 are wrong by 0.001 there."""
ANGLES = 1e-6
"""How far outputs may differ per position, because angles are rounded."""


@dataclass(frozen=True)
class _Case:
    """Positions of tokens, and what a layer must make of them.

    Attributes:
        config: the choices of the layer.
        positions: of the tokens.
        geometry: of the same tokens, which the layer is given.
        allowed: which tokens attend to which.
        rotary: gives the rotation, if there is one.
    """

    config: ModelConfig
    positions: Int[Tensor, " T"]
    geometry: Geometry
    allowed: Bool[Tensor, "T T"]
    rotary: Rotates | None = None


def attention_equals_equation(subject: Subject) -> Measurement | NotForThis:
    """Compares each attention layer with the equation, at positions around all limits.

    The limits are those of a long example, but they are not reached token by token: a layer reads what it reads in the
    model, as if some of its tokens were far apart. Biases of scores are taken as their module gives them.
    """
    model, config = subject.model, subject.config.model
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, AnyAttention)}
    with capture(model, [f"{name}.input" for name in layers]) as trace:
        logits(model, join(subject.even))
    differences = {}
    for prefix, stack in [(name, module) for name, module in model.named_modules() if isinstance(module, Stack)]:
        of_stack = encoder(config) if isinstance(model, EncoderDecoder) and stack is model.encoder else config
        for name in layers:
            if name.startswith(f"{prefix}.") and f"{name}.input" in trace:
                i = int(name.removeprefix(f"{prefix}.").partition(".")[0])
                case = _case(subject, stack, i, layer(of_stack, i))
                if name.endswith("cross_attention"):
                    case = _across(case)
                outputs = _outputs(layers[name], trace[f"{name}.input"], case)
                differences[name] = difference(*([output] for output in outputs))
    if not differences:
        return NotForThis("none of its layers is an attention of cutaway's")
    worst = max(differences, key=lambda name: (differences[name] != differences[name], differences[name]))
    is_rotary = any(reach.rotary is not None for reach in model.modules() if isinstance(reach, Reach))
    bound = max(ROUNDING, ANGLES * int(case.positions.max())) if is_rotary else ROUNDING
    return Measurement(differences[worst], bound, "" if differences[worst] <= bound else worst)


def _case(subject: Subject, stack: Stack, i: int, config: ModelConfig) -> _Case:
    """Self-attention between the first tokens, those around each limit, and those at the end of the context."""
    graph, device = subject.even[0].distances, device_of(subject.model)
    edges = [min(edge, FARTHEST) for edge in (*limits(subject.config.model), config.context)]
    near_and_far = sorted({0, 1, 2, *(edge + step for edge in edges for step in (-1, 0, 1))})
    positions = torch.arange(graph.shape[1]) if graph is not None else torch.tensor(near_and_far)
    distance, window = positions[:, None] - positions, config.attention.window
    reads_all = isinstance(subject.model, EncoderOnly)
    reads_all |= isinstance(subject.model, EncoderDecoder) and stack is subject.model.encoder
    allowed = torch.ones_like(distance, dtype=torch.bool) if reads_all else distance >= 0
    if window is not None:
        allowed &= distance.abs() < window
    # With a mask, although it hides nothing: without one, positions are taken to follow one another.
    keep = torch.ones(1, len(positions), dtype=torch.bool, device=device)
    tokens = TokenPositions(positions[None].to(device), keep)
    geometry = stack.geometries(tokens, None, None if graph is None else graph.to(device))[i]
    reach = stack.reaches[stack.reach_of_layer[i]]
    assert isinstance(reach, Reach), "a stack has no other modules there"
    return _Case(config, positions, geometry, allowed, reach.rotary)


def _across(case: _Case) -> _Case:
    """Cross-attention, which has no positions, between as many tokens."""
    count = len(case.positions)
    geometry = all_to_all(count, count, case.geometry.queries.positions.device)
    return _Case(case.config, case.positions, geometry, torch.ones_like(case.allowed))


def _outputs(attention: AnyAttention, inputs: Tensor, case: _Case) -> tuple[Tensor, Tensor]:
    """What a layer computes before its output projection, and the equation with its queries, keys and values."""
    tokens = inputs.flatten(0, 1)
    x = tokens[torch.arange(len(case.positions)) % len(tokens)][None]
    with capture(attention, ["query", "key", "value", "mixed"]) as trace:
        attention(x, case.geometry)
    q, k, v = (_exact(trace[name]) for name in ("query", "key", "value"))  # (1, H or G, T, D)
    if case.rotary is not None and isinstance(attention, LatentAttention):
        width = attention.heads.rotary
        shared = _exact(attention.rotary_key(x))[:, None].expand(-1, q.shape[1], -1, -1)
        q = torch.cat([q[..., :-width], _rotated(q[..., -width:], case)], dim=-1)
        k = torch.cat([k[..., :-width], _rotated(shared, case)], dim=-1)
    elif case.rotary is not None:
        q, k = _rotated(q, case), _rotated(k, case)
    groups = torch.arange(q.shape[1]) * k.shape[1] // q.shape[1]
    scale, softcap = case.config.attention.scale or q.shape[-1] ** -0.5, case.config.attention.softcap
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k[:, groups]) * scale
    if softcap is not None:
        scores = softcap * (scores / softcap).tanh()
    if case.geometry.bias is not None:
        scores = scores + _exact(case.geometry.bias)
    weights = scores.masked_fill(~case.allowed, -torch.inf).softmax(dim=-1)
    return _exact(trace["mixed"]), torch.einsum("bhqk,bhkd->bhqd", weights, v[:, groups])


def _rotated(x: Float[Tensor, "1 H T D"], case: _Case) -> Float[Tensor, "1 H T D"]:
    """Each pair (x_i, x_{i + D/2}) as a complex number, times that of position 1 to the power of the position.

    Channels after the first D are not rotated. Position 1 is that of a text of the same length.
    """
    assert case.rotary is not None, "only queries and keys that are rotated come here"
    positions = case.geometry.queries.positions
    first_and_last = torch.stack([torch.ones_like(positions[:, 0]), positions[:, -1]], dim=1)
    cos, sin = (_exact(table)[0, 0, 0] for table in case.rotary(first_and_last))
    half = len(cos) // 2
    one = torch.complex(cos[:half], sin[half:])
    turns = torch.polar(one.abs().expand(len(case.positions), -1), case.positions[:, None] * one.angle())
    y = torch.complex(x[..., :half], x[..., half : 2 * half]) * turns
    return torch.cat([y.real, y.imag, x[..., 2 * half :]], dim=-1)


def _exact(x: Tensor) -> Tensor:
    return x.cpu().double()
