"""One small valid file of each kind."""

import io
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
    "tagged.conllu": (
        "# newdoc id = 1\n# text = cats don't\n1\tcats\tcat\tNOUN\tNNS\t_\t2\tnsubj\t_\t_\n"
        "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n2\tdo\tdo\tAUX\tVB\t_\t0\troot\t_\t_\n"
        "3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t_\t_\n3.1\tsit\t_\tVERB\t_\t_\t_\t_\t_\t_\n\n"
        "1\tmats\tmat\tNOUN\tNNS\t_\t0\troot\t_\t_\n"
    ),
    "tagged.jsonl": (
        '{"id": "0", "tokens": ["the", "cat"], "ner_tags": [0, 3]}\n{"id": "1", "tokens": [], "ner_tags": []}\n'
        '{"id": "2", "tokens": ["John", "Smith", "sat"], "ner_tags": ["B-P", "I-P", "O"]}\n'
    ),
    "columns.json": '{"text": {"0": "one", "1": "two", "2": "ten"}, "label": {"0": "a", "1": "b", "2": "a"}}',
    "parts.json": (
        '{"columns": ["review", "stars", "id"], "index": [0, 1, 2, 3], '
        '"data": [["one", 1, 7], ["two", 2, 8], ["three", 1, 9], ["four", 2, 10]]}'
    ),
    "pairs.json": (
        '{"version": 1, "data": [{"prompt": "one", "completion": "eins"}, {"prompt": "two", "completion": "zwei"}]}'
    ),
    "train.csv": 'review,sentiment\n"good, and long",1\nbad,0\nso so,1\nworse,0\n',
    "text.txt": "__label__a one two\n__label__b three\tfour\nThe cat sat on the mat.\n\n> two: 1,5\n",
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
    with io.BytesIO() as archive:
        np.savez(archive, images=np.arange(96, dtype=np.uint8).reshape(4, 2, 3, 4), labels=["a", "b", "a", "c"])
        _write(folder / "images.npz" / "images.npz", archive.getvalue())
    (folder / "train.csv" / "validation.csv").write_bytes(b"review,sentiment\nfine,1\ndull,0\n")
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
