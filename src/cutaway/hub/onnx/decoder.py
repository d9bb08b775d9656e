"""The graph of a decoder that generates: some tokens at a time, with a cache as inputs and outputs.

Its names are those of `optimum`: `past_key_values.{layer}.key` and `.value` are what earlier calls gave as
`present.{layer}.key` and `.value`; in the first call they have no tokens. Latent attention has `memory` instead:
the latent followed by the rotary key. `attention_mask` is of all tokens, earlier ones included.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.config.model import ModelConfig
from cutaway.hub.onnx.graph import Call, Session, write
from cutaway.model.transformer import DecoderOnly
from cutaway.nn.cache import Cache
from cutaway.nn.geometry import token_positions


class DecoderGraph(nn.Module):
    """A decoder as a function of tensors alone.

    Args:
        model: the decoder.
        names: of the tensors that its cache holds.
    """

    def __init__(self, model: DecoderOnly, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(
        self, tokens: Int[Tensor, "B T"], attention_mask: Int[Tensor, "B Tk"], past: list[Float[Tensor, "B G Tp D"]]
    ) -> tuple[Float[Tensor, "B T V"], list[Float[Tensor, "B G Tk D"]]]:
        """Computes the logits of some tokens, and what the cache holds after them."""
        filled = past[0].shape[2]
        before = token_positions(attention_mask, attention_mask)[:filled]
        held = {"positions": before.positions, "keep": attention_mask[:, :filled].bool()}
        cache = Cache.from_tensors({**held, **dict(zip(self.names, past, strict=True))})
        logits = self.model(tokens, attention_mask=attention_mask[:, filled:], cache=cache)
        after = cache.tensors()
        return logits, [after[name] for name in self.names]


def write_decoder(model: DecoderOnly, c: ModelConfig, path: Path) -> None:
    """Writes the graph."""
    batch, filled, length = 2, min(5, c.context - 2), 2
    cache = model.make_cache(batch, None)
    tokens, mask = _example(c, batch, filled + length)
    model(tokens[:, :filled], attention_mask=mask[:, :filled], cache=cache)
    held = {name: tensor for name, tensor in cache.tensors().items() if name.startswith("layers.")}
    inputs = ["input_ids", "attention_mask", *(_named("past_key_values", name) for name in held)]
    outputs = ["logits", *(_named("present", name) for name in held)]
    axes = {
        "tokens": {0: "batch", 1: "length"},
        "attention_mask": {0: "batch", 1: "total"},
        "past": [{0: "batch", 2: "past"} for _ in held],
    }
    arguments = (tokens[:, filled:].clone(), mask, list(held.values()))
    write(DecoderGraph(model, list(held)), Call(arguments, {}, inputs, outputs, axes), path)


def decoder_differences(model: DecoderOnly, c: ModelConfig, path: Path) -> list[float]:
    """How far the logits of the graph differ, relative to the largest: whole texts, and in pieces with a cache."""
    session = Session(path)
    cases = [(1, [1] * min(4, c.context)), (3, [min(7, c.context - 1), 1]), (2, [c.context])]
    return [one for batch, pieces in cases for one in _differences(session, model, c, batch, pieces)]


def _differences(
    session: Session, model: DecoderOnly, c: ModelConfig, batch: int, pieces: Sequence[int]
) -> Iterator[float]:
    """Of each piece of a text; the longest piece comes first."""
    tokens, mask = _example(c, batch, sum(pieces))
    expected = model(tokens, attention_mask=mask)
    held = {name: x for name, x in model.make_cache(batch, None).tensors().items() if name.startswith("layers.")}
    start = 0
    for length in pieces:
        end = start + length
        past = {_named("past_key_values", name): tensor for name, tensor in held.items()}
        inputs = {"input_ids": tokens[:, start:end], "attention_mask": mask[:, :end], **past}
        found, *present = session({name: tensor.contiguous() for name, tensor in inputs.items()})
        held = dict(zip(held, present, strict=True))
        kept = mask[:, start:end].bool()
        right = expected[:, start:end][kept]
        yield float((found[kept] - right).abs().max() / right.abs().max())
        start = end


def _example(c: ModelConfig, batch: int, length: int) -> tuple[Tensor, Tensor]:
    """Random texts; the last is shorter, padded on the left, if there are several."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(c.known_vocabulary, (batch, length), generator=generator)
    mask = torch.ones_like(tokens)
    if batch > 1:
        mask[-1, : length // 3] = 0
    return tokens, mask


def _named(prefix: str, name: str) -> str:
    return name.replace("layers", prefix, 1)
