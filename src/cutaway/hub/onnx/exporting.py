"""Exporting a model as an ONNX graph."""

import copy
from pathlib import Path

import torch

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.files import replacing
from cutaway.hub.onnx.decoder import decoder_differences, write_decoder
from cutaway.hub.onnx.graph import require_libraries
from cutaway.hub.onnx.whole import whole_differences, write_whole
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, Transformer
from cutaway.nn.experts import Experts
from cutaway.nn.positions import ShortestPathBias

TOLERANCE = 1e-4
"""How far the outputs of the graph may differ, relative to the largest number."""

LARGEST = 2**31 - 2**24
"""The most bytes of weights in a file, whose limit is 2 GiB."""

WITHOUT_GRAPH = {
    EncoderDecoder: "an encoder with a decoder",
    Experts: "a mixture of experts",
    ShortestPathBias: "positions of nodes",
}
"""Modules that cannot be exported, and what they are."""


@torch.no_grad()
def export_onnx(model: Transformer, config: RunConfig, path: Path) -> float:
    """Writes a graph with dynamic batch size and length, runs it, and compares.

    The graph of a decoder with a language head has a cache (`cutaway.hub.onnx.decoder`).

    Args:
        model: an encoder or a decoder; its weights are written in fp32.
        config: all choices.
        path: of the file.

    Returns:
        the largest difference of the outputs, with padding and without, relative to the largest number.

    Raises:
        UserError: the model has an unsupported module, or the graph has other outputs.
    """
    c = config.model
    for kind, what in WITHOUT_GRAPH.items():
        if any(isinstance(module, kind) for module in model.modules()):
            raise UserError(f"ONNX export cannot hold {what}")
    size = 4 * sum(weight.numel() for weight in model.parameters())
    if size > LARGEST:
        raise UserError(f"ONNX export is for models of less than 2 GiB in fp32, and this one has {size / 2**30:.1f}")
    require_libraries()
    model = copy.deepcopy(model).cpu().float().eval()
    with replacing(path) as temporary:
        if isinstance(model, DecoderOnly) and c.head.kind == "language":
            write_decoder(model, c, temporary)
            differences = decoder_differences(model, c, temporary)
        else:
            assert not isinstance(model, EncoderDecoder), "refused above"
            write_whole(model, c, temporary)
            differences = whole_differences(model, c, temporary)
        if not max(differences) <= TOLERANCE:
            raise UserError(f"the ONNX graph has other outputs: they differ by {max(differences):.1e}")
    return max(differences)
