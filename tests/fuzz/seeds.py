"""One small valid file of each kind."""

import json
import struct
from pathlib import Path

import numpy as np
import torch

from cutaway.config.reading import dump_run, load_preset
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import BPETokenizer
from cutaway.hub.exporting import export_folder
from cutaway.hub.gguf.exporting import export_gguf
from cutaway.model.build import build
from cutaway.text.hf.folders import write_tokenizer
from cutaway.text.training import train_tokenizer

LLAMA = {
    "vocabulary": 259,
    "context": 16,
    "width": 32,
    "layers": 2,
    "position": {"kind": "rotary"},
    "attention": {"kind": "grouped", "heads": 4, "kv_heads": 2},
    "feedforward": {"kind": "gated", "hidden": 32},
    "norm": {"kind": "rms"},
    "head": {"tied": False},
}
TEXT = "the cat sat on the mat, and the dog sat with the cat: 12 mats, 345 cats. "
TEXTS = {
    "proteins.fasta": ">a kinase\nMKV\nLL*\n>b family=other x\nACDEFG\n",
    "tagged.conll": "-DOCSTART- O\n\nthe O\ncat B-X\n\n# newdoc\nJohn\tB-P\nSmith\tI-P\n",
    "labelled.csv": 'text,label\n"one, ""two""",a\nthree,b\n"four\nfive",a\nsix,b\n',
    "labelled.tsv": 'text\tlabel\n"He said ""hi"""\ta\nsix\tb\nseven\ta\n',
    "labelled.jsonl": '{"text": "one", "label": "a"}\n{"text": "zwö", "label": 2}\n{"text": "", "label": ["a"]}\n',
    "graphs.edges": "# a comment\nlabel: ring\nsource target\n1 2\n2 3\n3 1\n\nlabel: C#\nnode: a\nnode: b\na b\n",
}


def write_seeds(folder: Path) -> dict[str, Path]:
    """Writes them, each into a folder of its own; returns the files by kind."""
    for name, text in TEXTS.items():
        _write(folder / name / name, text.encode())
    answers = [{"text": "cat", "answer_start": 4}]
    impossible = {"id": "2", "question": "why?", "is_impossible": True}
    asked = [{"id": "1", "question": "who?", "answers": answers}, impossible]
    squad = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "the cat", "qas": asked}]}]}
    _write(folder / "squad.json" / "squad.json", json.dumps(squad).encode())
    samples = np.arange(-40, 40, dtype="<i2").tobytes()
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16)
    body = b"WAVE" + header + struct.pack("<4sI", b"data", len(samples)) + samples
    _write(folder / "sound.wav" / "sound.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
    _write(folder / "run.yaml" / "run.yaml", dump_run(load_preset("gpt-nano")).encode())
    _write_models(folder)
    return {path.name: path / path.name for path in sorted(folder.iterdir())}


def _write_models(folder: Path) -> None:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(BPETokenizer(vocabulary=280), [TEXT * 9], with_end=True)
    model = {**LLAMA, "vocabulary": tokenizer.vocabulary}
    config = RunConfig.model_validate({"model": model, "task": "language_modeling"})
    for kind in ("model.safetensors", "config.json", "tokenizer.json"):
        export_folder(build(config.model), config, folder / kind, {"pad_token_id": None})
        write_tokenizer(tokenizer, folder / kind)
    (folder / "model.gguf").mkdir()
    export_gguf(build(config.model), config, tokenizer, folder / "model.gguf" / "model.gguf")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
