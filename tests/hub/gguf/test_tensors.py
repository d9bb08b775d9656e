"""Quantized tensors, read in parts."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cutaway.errors import UserError
from cutaway.hub.gguf import tensors
from cutaway.hub.gguf.header import read_header
from cutaway.hub.gguf.tensors import GGUFTensors
from support import require_module

KINDS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]
ROWS, NUMBERS = 7, 512


def write(path: Path, kind: str) -> np.ndarray:
    """A file with a tensor of random blocks; what the `gguf` package makes of it as a whole."""
    gguf = require_module("gguf")
    one = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[one]
    generator = np.random.default_rng(0)
    blocks = generator.integers(0, 60, (ROWS, NUMBERS // block * size), dtype=np.uint8)  # below 60 no number is NaN
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("a", blocks.view({"F32": np.float32, "F16": np.float16}.get(kind, np.uint8)), raw_dtype=one)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    whole: np.ndarray = gguf.quants.dequantize(blocks, one)
    return whole


@pytest.mark.parametrize("at_once", [1 << 20, 3 * NUMBERS])
@pytest.mark.parametrize("kind", KINDS)
def test_parts_are_the_whole(kind: str, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "AT_ONCE", at_once)
    whole = write(tmp_path / "model.gguf", kind)
    read = GGUFTensors(read_header(tmp_path / "model.gguf")).read("a")
    assert read.dtype == torch.float32
    assert torch.equal(read, torch.from_numpy(whole))


def test_other_kinds_are_refused_by_name(tmp_path: Path) -> None:
    gguf = require_module("gguf")
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_tensor("a", np.ones((2, 3), dtype=np.int8))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(UserError, match="a is kept as I8, which cannot be read"):
        GGUFTensors(read_header(tmp_path / "model.gguf")).read("a")
