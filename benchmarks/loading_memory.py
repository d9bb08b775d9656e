"""Peak memory when loading a checkpoint, relative to the bytes of its tensors, cutaway against `transformers`.

    python benchmarks/loading_memory.py
    python benchmarks/loading_memory.py --layers 36 --width 1280 --dtype bfloat16

A GPT-2 with random weights is written to a temporary folder; each program loads it in a fresh process that has
finished its imports. The figure is the increase in peak resident memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from cutaway.config.reading import validate
from cutaway.hub.exporting import export_folder
from cutaway.model.build import build

OPENING = {
    "cutaway": ("from cutaway.hub.importing import import_folder", "import_folder(pathlib.Path(FOLDER)).model"),
    "transformers": (
        "from transformers import GPT2LMHeadModel",
        "GPT2LMHeadModel.from_pretrained(FOLDER, dtype=torch.float32)",
    ),
}
MEASURE = """
import json, pathlib, sys, torch
{imports}
FOLDER = sys.argv[1]
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
before = peak()
model = {opening}
total = sum(weight.sum().item() for weight in model.parameters())  # all of it is really there
print(json.dumps([peak() - before, sum(weight.nbytes for weight in model.parameters())]))
"""


def write(folder: Path, layers: int, width: int, dtype: torch.dtype) -> None:
    """A GPT-2 of random weights."""
    attention = {"heads": width // 64, "bias": True, "out_bias": True}
    model = {"context": 1024, "width": width, "layers": layers, "vocabulary": 50257, "attention": attention}
    config = validate({"model": {**model, "feedforward": {"activation": "gelu_tanh"}}})
    export_folder(build(config.model).to(dtype), config, folder, {})


def main() -> None:
    """Writes the checkpoint and prints a line a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--dtype", default="float32", help="of the file; it is always read as float32")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), given.layers, given.width, getattr(torch, given.dtype))
        for name, (imports, opening) in OPENING.items():
            source = MEASURE.format(imports=imports, opening=opening)
            done = subprocess.run([sys.executable, "-c", source, folder], capture_output=True, text=True, check=True)
            rise, nbytes = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:<13} {nbytes / 1e6:7,.0f} MB of tensors, peak + {rise / 1e6:7,.0f} MB: {rise / nbytes:.2f} x")


if __name__ == "__main__":
    main()
