"""Exporting models as GGUF files for llama.cpp."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cutaway.config.run import RunConfig
from cutaway.errors import UserError, nearest
from cutaway.files import replacing
from cutaway.hub.exporting import choose_family
from cutaway.hub.filling import empty
from cutaway.hub.gguf.header import require_gguf
from cutaway.hub.gguf.metadata import ARCHITECTURES, scaling_tensor, write_options
from cutaway.hub.gguf.names import table_of
from cutaway.hub.gguf.tensors import ANGLES
from cutaway.hub.gguf.vocabulary import write_tokenizer
from cutaway.hub.weight_rules import Table
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer

NUMBERS = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
"""Types of numbers for matrices, and the file types; vectors are always in fp32."""


@torch.no_grad()
def export_gguf(
    model: Transformer, config: RunConfig, tokenizer: Tokenizer, path: Path, *, numbers: str = "f16", name: str = ""
) -> None:
    """Writes a file with the model and its tokenizer, completely or not at all.

    Args:
        model: with its weights.
        config: all choices.
        tokenizer: of its text.
        path: the file.
        numbers: one of `NUMBERS`.
        name: of the model in the file, if it has one.

    Raises:
        UserError: GGUF does not support the model or its tokenizer, or there is no such type of numbers.
        JobError: the file cannot be written.
    """
    if numbers not in NUMBERS:
        raise UserError(f"no numbers are called {numbers!r}; {nearest(numbers, NUMBERS)}")
    gguf = require_gguf()
    family = choose_family(config)
    architecture, task = family.model_type, config.task.kind
    if architecture not in ARCHITECTURES or task != "language_modeling":
        known = ", ".join(ARCHITECTURES)
        raise UserError(f"GGUF holds models of {known} that write, and this is {architecture} for {task}")
    written = family.write(config.model, task)
    metadata = {
        "general.name": name or architecture,
        "general.file_type": int(gguf.LlamaFileType[NUMBERS[numbers]]),
        "general.quantization_version": int(gguf.GGML_QUANT_VERSION),
        **write_options(architecture, written),
        **write_tokenizer(tokenizer, config.model.vocabulary or tokenizer.vocabulary),
    }
    table = table_of(family.table(config.model, task), architecture, config.model)
    kind = gguf.GGMLQuantizationType[numbers.upper()]
    with replacing(path) as temporary:
        _write(temporary, architecture, metadata, _Contents(model, table, scaling_tensor(written), kind))


@dataclass(frozen=True)
class _Contents:
    """The tensors of a file: names, numbers, and their type; converted on iteration."""

    model: Transformer
    table: Table
    angles: Tensor | None
    kind: Any

    def __iter__(self) -> Iterator[tuple[str, np.ndarray, Any]]:
        plain = require_gguf().GGMLQuantizationType.F32
        if self.angles is not None:
            yield ANGLES, self.angles.numpy(), plain
        for name, tensor in empty(self.model, self.table):
            kind = self.kind if tensor.dim() > 1 else plain
            yield name, _kept(name, tensor, kind), kind


def _kept(name: str, tensor: Tensor, kind: Any) -> np.ndarray:
    gguf = require_gguf()
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    if tensor.shape[-1] % block:
        raise UserError(
            f"{kind.name} keeps blocks of {block} numbers, and a row of {name} has {tensor.shape[-1]}: choose f16"
        )
    numbers: np.ndarray = gguf.quants.quantize(tensor.float().contiguous().numpy(), kind)
    return numbers


def _write(path: Path, architecture: str, metadata: Mapping[str, Any], contents: _Contents) -> None:
    with closing(require_gguf().GGUFWriter(path, architecture)) as writer:
        _fill(writer, metadata, contents)


def _fill(writer: Any, metadata: Mapping[str, Any], contents: _Contents) -> None:
    add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
    for name, value in metadata.items():
        add.get(type(value), writer.add_array)(name, value)
    for name, numbers, kind in contents:
        writer.add_tensor_info(name, numbers.shape, numbers.dtype, numbers.nbytes, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, numbers, _ in contents:
        writer.write_tensor_data(numbers)
