"""Checkpoints of nanoGPT (Karpathy 2022): `ckpt.pt`, a GPT-2 whose matrices are not transposed.

Its models had the tanh approximation of GELU until June 2023 and the exact one since; a checkpoint does not say which.
The exact one is used. `meta.pkl` has the list of characters; it is a pickle, which could run code, and is never opened.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cutaway.config.model import ModelConfig
from cutaway.config.tokenizer import CharTokenizer
from cutaway.data.readers import opened, read_text
from cutaway.errors import UserError
from cutaway.hub.checkpoint_files import load_pickled
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.importing import Imported, read_config, read_weights, require_layers
from cutaway.hub.options import Option
from cutaway.hub.weight_rules import Rule, Split, same
from cutaway.text.hf.folders import load_tokenizer
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

COMPILED = "_orig_mod."
"""The prefix of names in compiled models."""
TEXT = "input.txt"
"""The name of the training text in nanoGPT."""


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("wte.weight",), ("decoder.embed.tokens.weight",))
    yield Rule(("wpe.weight",), ("decoder.embed.positions.weight",))
    parts = ("weight", "bias") if c.attention.bias else ("weight",)
    for i in range(c.layers):
        theirs, ours = f"h.{i}", f"decoder.{i}"
        for part in parts:
            names = tuple(f"{ours}.self_attention.{name}.{part}" for name in ("query", "key", "value"))
            yield Rule((f"{theirs}.attn.c_attn.{part}",), names, Split((c.width, c.width, c.width)))
        yield from same(f"{theirs}.attn.c_proj", f"{ours}.self_attention.out", *parts)
        yield from same(f"{theirs}.mlp.c_fc", f"{ours}.feedforward.up", *parts)
        yield from same(f"{theirs}.mlp.c_proj", f"{ours}.feedforward.down", *parts)
        yield from same(f"{theirs}.ln_1", f"{ours}.self_attention_residual.norm", *parts)
        yield from same(f"{theirs}.ln_2", f"{ours}.feedforward_residual.norm", *parts)
    yield from same("ln_f", "decoder.norm", *parts)


NANOGPT = Family(
    model_type="nanogpt",
    prefix="transformer",
    options=(
        Option("vocab_size", "vocabulary"),
        Option("block_size", "context"),
        Option("n_embd", "width"),
        Option("n_layer", "layers"),
        Option("n_head", "attention.heads"),
        Option("dropout", "dropout", 0.0),
        *(Option("bias", name, True) for name in ("attention.bias", "attention.out_bias")),
        *(Option("bias", name, True) for name in ("feedforward.bias", "norm.bias")),
    ),
    choices={
        "architecture": "decoder",
        "position.kind": "learned",
        "attention.kind": "grouped",
        "feedforward.kind": "dense",
        "feedforward.activation": "gelu",
        "norm.kind": "layer",
        "norm.epsilon": 1e-5,
        "residual": "pre",
    },
    required={},
    rules=rules,
    heads={
        "language_modeling": HeadTable(
            architecture="GPT",
            choices={"head.kind": "language", "head.tied": True},
            repeated={"lm_head.weight": "transformer.wte.weight"},
        ),
    },
    ignored={r"h\.\d+\.attn\.bias": "masks"},
)


def import_nanogpt(path: Path, dtype: torch.dtype = torch.float32) -> tuple[Imported, Tokenizer]:
    """Reads a checkpoint and the tokenizer next to it.

    Raises:
        UserError: it is damaged, not a checkpoint of nanoGPT, or has no tokenizer.
    """
    found = load_pickled(path)
    if not isinstance(found, dict) or not {"model", "model_args"} <= found.keys():
        raise UserError(f"{path} is not a nanoGPT checkpoint: it has no model with its model_args")
    options, tensors = found["model_args"], found["model"]
    if not isinstance(options, Mapping) or not isinstance(tensors, Mapping) or not all(map(_is_named, tensors.items())):
        raise UserError(f"{path} is not a nanoGPT checkpoint: it lacks tensors by name, or model_args by name")
    config, task = read_config(options, NANOGPT, path)
    require_layers(config, len(tensors), str(path))
    tokenizer = _read_tokenizer(path, config.model.vocabulary or 0)
    return read_weights(config, NANOGPT.table(config.model, task), _State(tensors), dtype, str(path)), tokenizer


def _is_named(pair: tuple[Any, Any]) -> bool:
    name, tensor = pair
    return isinstance(name, str) and isinstance(tensor, Tensor)


class _State:
    """Tensors by name, each of which is returned once."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._tensors = {name.removeprefix(COMPILED): tensor for name, tensor in tensors.items()}

    def names(self) -> Sequence[str]:
        return list(self._tensors)

    def read(self, name: str) -> Tensor:
        tensor: Tensor = self._tensors.pop(name)
        return tensor


def _read_text(path: Path) -> Iterator[str]:
    with opened(path) as file:
        yield from read_text(file, str(path))


def _read_tokenizer(path: Path, vocabulary: int) -> Tokenizer:
    """The tokenizer in the checkpoint's folder, or that of the characters of the text in it."""
    folder, text = path.parent, path.with_name(TEXT)
    if (folder / "tokenizer.json").exists() or (folder / "vocab.json").exists():
        tokenizer = load_tokenizer(folder)
    elif text.exists():
        tokenizer = train_tokenizer(CharTokenizer(), (), alphabet=set().union(*_read_text(text)))
    else:
        raise UserError(
            f"{path} does not hold its tokenizer: put a tokenizer.json beside it, or vocab.json and merges.txt of "
            f"GPT-2; or, if it was trained on characters, the text that it was trained on as {TEXT}"
        )
    if tokenizer.vocabulary > vocabulary:
        raise UserError(f"{folder}: the tokenizer has {tokenizer.vocabulary} tokens, but the model has {vocabulary}")
    return tokenizer
