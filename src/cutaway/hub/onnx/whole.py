"""The graph of an encoder or a classifier: all inputs at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from cutaway.config.model import ModelConfig
from cutaway.hub.onnx.graph import Call, Session, write
from cutaway.model.transformer import DecoderOnly, EncoderOnly

NAMES = {
    "tokens": "input_ids",
    "patches": "pixel_values",
    "frames": "input_values",
    "attention_mask": "attention_mask",
    "segments": "token_type_ids",
}
"""From our names of inputs to those of the graph, which are those of `transformers`."""


@dataclass(frozen=True)
class Example:
    """Inputs of a model.

    Attributes:
        inputs: token ids, images or frames.
        others: attention mask and segments, by name, if the model takes them.
        sizes: the dynamic axes of each.
    """

    inputs: Tensor
    others: Mapping[str, Tensor]
    sizes: Mapping[int, str]

    def named(self, kind: str) -> dict[str, Tensor]:
        """All inputs by the graph's names."""
        return {NAMES[name]: tensor for name, tensor in {kind: self.inputs, **self.others}.items()}


def write_whole(model: EncoderOnly | DecoderOnly, c: ModelConfig, path: Path) -> None:
    """Writes the graph."""
    example = make_example(c, batch=2, length=min(7, c.context))
    axes = dict(example.sizes)
    first = "inputs" if isinstance(model, EncoderOnly) else "tokens"
    all_axes = {first: axes, **{name: dict(axes) for name in example.others}}
    names = list(example.named(c.embedding.kind))
    write(model, Call((example.inputs,), example.others, names, ["logits"], all_axes), path)


def whole_differences(model: EncoderOnly | DecoderOnly, c: ModelConfig, path: Path) -> list[float]:
    """How far outputs of the graph differ, relative to the largest number: for several sizes."""
    session = Session(path)
    sizes = ((1, 1), (3, min(11, c.context)), (2, c.context))
    return [_difference(session, model, c, make_example(c, batch, length)) for batch, length in sizes]


def make_example(c: ModelConfig, batch: int, length: int) -> Example:
    """Random inputs; the last row is padded to half its length, if it has a length."""
    generator = torch.Generator().manual_seed(0)
    if c.embedding.kind == "patches":
        images = torch.randn(batch, *c.embedding.shape, generator=generator)
        return Example(images, {}, {0: "batch"})
    mask = torch.ones(batch, length, dtype=torch.long)
    mask[-1, -(-length // 2) :] = 0
    others = {"attention_mask": mask}
    if c.embedding.kind == "frames":
        frames = torch.randn(batch, length, c.embedding.bins, generator=generator)
        return Example(frames, others, {0: "batch", 1: "length"})
    if c.segments:
        others["segments"] = torch.randint(c.segments, (batch, length), generator=generator)
    tokens = torch.randint(c.known_vocabulary, (batch, length), generator=generator)
    return Example(tokens, others, {0: "batch", 1: "length"})


def _difference(session: Session, model: EncoderOnly | DecoderOnly, c: ModelConfig, example: Example) -> float:
    expected = model(example.inputs, **example.others)
    (found,) = session(example.named(c.embedding.kind))
    mask = example.others.get("attention_mask")
    if mask is not None and expected.shape[:2] == mask.shape and expected.dim() == 3:
        expected, found = expected[mask.bool()], found[mask.bool()]
    return float((found - expected).abs().max() / expected.abs().max())
