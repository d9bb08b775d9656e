"""Writing a module as an ONNX graph, and running it."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from cutaway.errors import UserError


@dataclass(frozen=True)
class Call:
    """A call of a module, with the names of its tensors in the graph.

    Attributes:
        positional: arguments of the module.
        named: further arguments.
        inputs: names of all tensors, in the order of the arguments.
        outputs: names of the results.
        axes: names of the axes whose size may change, in the structure of the arguments.
    """

    positional: tuple[Any, ...]
    named: Mapping[str, Any]
    inputs: Sequence[str]
    outputs: Sequence[str]
    axes: Mapping[str, Any]


def require_libraries() -> Any:
    """Returns onnxruntime.

    Raises:
        UserError: a library is not installed.
    """
    try:
        _, onnxruntime, _ = map(import_module, ("onnx", "onnxruntime", "onnxscript"))
    except ImportError as error:
        raise UserError(f"ONNX export needs {error.name}: pip install 'cutaway[onnx]'") from None
    return onnxruntime


def write(module: nn.Module, call: Call, path: Path) -> None:
    """Writes what a call computes, for every size of the named axes."""
    sizes = tree_map(lambda name: torch.export.Dim.DYNAMIC, dict(call.axes))
    with _quiet():
        program = torch.export.export(module, call.positional, dict(call.named), dynamic_shapes=sizes)
        torch.onnx.export(
            program,
            f=path,
            input_names=list(call.inputs),
            output_names=list(call.outputs),
            dynamic_shapes=dict(call.axes),
            external_data=False,
            dynamo=True,
            verbose=False,
        )


class Session:
    """A graph that is loaded to be run on a CPU."""

    def __init__(self, path: Path) -> None:
        self._session = require_libraries().InferenceSession(path, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """All outputs, given the inputs by name."""
        found = self._session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
        return [torch.from_numpy(one) for one in found]


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
