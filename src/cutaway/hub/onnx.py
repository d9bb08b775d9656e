"""Exporting encoders as ONNX graphs."""

import copy
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.files import replacing
from cutaway.model.transformer import EncoderOnly, Transformer
from cutaway.nn.experts import Experts
from cutaway.nn.positions import ShortestPathBias

TOLERANCE = 1e-4
"""How far the outputs of the graph may differ, relative to the largest number."""

NAMES = {
    "tokens": "input_ids",
    "patches": "pixel_values",
    "frames": "input_values",
    "attention_mask": "attention_mask",
    "segments": "token_type_ids",
}
"""From our names of inputs to those of the graph, which are those of `transformers`."""

LARGEST = 2**31 - 2**24
"""The most bytes of weights in a file, whose limit is 2 GiB."""

WITHOUT_GRAPH = {Experts: "a mixture of experts", ShortestPathBias: "positions of nodes"}
"""Modules that cannot be exported, and what they are."""


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

    def named(self, kind: str) -> dict[str, Any]:
        """All inputs as arrays, by the graph's names."""
        return {NAMES[name]: tensor.numpy() for name, tensor in {kind: self.inputs, **self.others}.items()}


@torch.no_grad()
def export_onnx(model: Transformer, config: RunConfig, path: Path) -> float:
    """Writes a graph with dynamic batch size and length, runs it, and compares.

    Args:
        model: an encoder; its weights are written in fp32.
        config: all choices.
        path: of the file.

    Returns:
        the largest difference of the outputs, with padding and without, relative to the largest number.

    Raises:
        UserError: the model has a decoder or an unsupported module, or the graph has other outputs.
    """
    c = config.model
    if not isinstance(model, EncoderOnly):
        raise UserError(f"ONNX export is for encoders and classifiers: this model is of architecture={c.architecture}")
    for kind, what in WITHOUT_GRAPH.items():
        if any(isinstance(module, kind) for module in model.modules()):
            raise UserError(f"ONNX export cannot hold {what}")
    size = 4 * sum(weight.numel() for weight in model.parameters())
    if size > LARGEST:
        raise UserError(f"ONNX export is for models of less than 2 GiB in fp32, and this one has {size / 2**30:.1f}")
    runtime = _require_libraries()
    model = copy.deepcopy(model).cpu().float().eval()
    with replacing(path) as temporary:
        _write(model, c, temporary)
        session = runtime.InferenceSession(temporary, providers=["CPUExecutionProvider"])
        differences = [_difference(session, model, c, example) for example in _examples(c)]
        if not max(differences) <= TOLERANCE:
            raise UserError(f"the ONNX graph has other outputs: they differ by {max(differences):.1e}")
    return max(differences)


def _require_libraries() -> Any:
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"ONNX export needs {error.name}: pip install 'cutaway[onnx]'") from None
    return onnxruntime


def _write(model: EncoderOnly, c: ModelConfig, path: Path) -> None:
    example = make_example(c, batch=2, length=min(7, c.context))
    sizes = {
        "batch": torch.export.Dim("batch"),
        "length": torch.export.Dim("length", max=c.context),
    }
    shapes = {axis: sizes[name] for axis, name in example.sizes.items()}
    dynamic = {"inputs": shapes, **dict.fromkeys(example.others, shapes)}
    with _quiet():
        program = torch.export.export(model, (example.inputs,), dict(example.others), dynamic_shapes=dynamic)
        names = list(example.named(c.embedding.kind))
        torch.onnx.export(
            program,
            f=path,
            input_names=names,
            output_names=["logits"],
            dynamic_shapes=dynamic,
            external_data=False,
            dynamo=True,
            verbose=False,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses torch's messages about its internals."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


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


def _examples(c: ModelConfig) -> Iterable[Example]:
    """Several sizes: the smallest, the largest, and others."""
    for batch, length in ((1, 1), (3, min(11, c.context)), (2, c.context)):
        yield make_example(c, batch, length)


def _difference(session: Any, model: EncoderOnly, c: ModelConfig, example: Example) -> float:
    expected = model(example.inputs, **example.others)
    found = torch.from_numpy(session.run(None, example.named(c.embedding.kind))[0])
    mask = example.others.get("attention_mask")
    if mask is not None and expected.shape[:2] == mask.shape and expected.dim() == 3:
        expected, found = expected[mask.bool()], found[mask.bool()]
    return float((found - expected).abs().max() / expected.abs().max())
