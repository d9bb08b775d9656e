"""Tiny models with a tokenizer, as GGUF files."""

from pathlib import Path
from typing import Any

import torch

from cutaway.config.reading import validate
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import BPETokenizer
from cutaway.hub.gguf.exporting import export_gguf
from cutaway.model.build import build
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

VOCABULARY = 293
# `transformers` takes each head of a Qwen 3 in a GGUF file to be 128 wide.
KINDS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {"attention": {"bias": True}},
    "qwen3": {"attention": {"qk_norm": True, "head_width": 128}},
}
TEXT = "the cat sat on the mat, and the dog sat with the cat: 12 mats, 345 cats. "


def choices(kind: str, context: int = 37, **changed: Any) -> RunConfig:
    """Of a model of an architecture and with this context; each other argument changes a part."""
    model: dict[str, Any] = {
        "vocabulary": VOCABULARY,
        "context": context,
        "width": 32,
        "layers": 3,
        "position": {"kind": "rotary", "base": 70.0},
        "attention": {"kind": "grouped", "heads": 4, "kv_heads": 2},
        "feedforward": {"kind": "gated", "hidden": 64},
        "norm": {"kind": "rms", "epsilon": 1e-3},
        "head": {"tied": False},
    }
    for part in (KINDS[kind], changed):
        model |= {name: {**model[name], **more} for name, more in part.items()}
    return validate({"model": model, "task": {"kind": "language_modeling"}})


def model_of(config: RunConfig) -> Transformer:
    """With weights that are all random: norms and biases too."""
    torch.manual_seed(0)
    model = build(config.model).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    return model


def tokenizer() -> Tokenizer:
    """Of bytes whose pairs are joined; it has fewer tokens than the models know."""
    specials = ("<|start|>", "<|pad|>")
    return train_tokenizer(BPETokenizer(vocabulary=280), [TEXT * 9], specials=specials, with_end=True)


def write(folder: Path, config: RunConfig, **options: Any) -> tuple[Path, Transformer]:
    """A file, and the model in it."""
    model, path = model_of(config), folder / "model.gguf"
    export_gguf(model, config, options.pop("tokenizer", None) or tokenizer(), path, **options)
    return path, model
