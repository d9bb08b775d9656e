"""llama.cpp opens our GGUF files, and says of a text what we say."""

import math
import string
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.hub.gguf.importing import import_gguf
from cutaway.model.transformer import Transformer
from hub.gguf.files import KINDS, TEXT, VOCABULARY, choices, tokenizer, write
from support import require_module

LLAMA3 = {"kind": "llama3", "factor": 4.0, "trained_context": 8192}
YARN = {"kind": "yarn", "factor": 4.0, "trained_context": 9, "magnitude": 1 + math.log(4) / 10}
CASES: list[tuple[str, dict[str, Any]]] = [
    *((kind, {}) for kind in KINDS),
    ("llama", {"head": {"tied": True}}),
    ("llama", {"attention": {"head_width": 12}}),
    ("llama", {"attention": {"bias": True, "out_bias": True}}),
    ("llama", {"feedforward": {"bias": True}}),
    ("llama", {"position": {"scaling": {"kind": "linear", "factor": 3.0}}}),
    ("llama", {"position": {"scaling": YARN}}),
    ("llama", {"position": {"base": 500_000.0, "scaling": LLAMA3}}),
]
LONG = 150
"""Tokens of a text beyond 64 positions, and beyond the original context of the rotary scaling."""


def server(path: Path) -> Any:
    """Computes in fp32, as exactly as llama.cpp can."""
    library = require_module("xllamacpp")
    parameters = library.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = 256
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = library.ggml_type.GGML_TYPE_F32
    parameters.flash_attn_type = library.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.fit_params = parameters.warmup = False
    return library.Server(parameters)


def theirs(path: Path, text: list[int] | str) -> tuple[Tensor, int]:
    """The logarithms of what may follow a text, (V,), and how many tokens it has."""
    asked = {"prompt": text, "max_tokens": 1, "temperature": 0.0, "logprobs": VOCABULARY}
    answer = server(path).handle_completions(asked)
    (first,) = answer["choices"][0]["logprobs"]["content"]
    found = torch.full((VOCABULARY,), -torch.inf)
    for one in first["top_logprobs"]:
        found[one["id"]] = one["logprob"]
    return found, answer["usage"]["prompt_tokens"]


@torch.no_grad()
def ours(model: Transformer, ids: list[int]) -> Tensor:
    return model(torch.tensor([ids]))[0, -1].log_softmax(dim=-1)


def is_told(model: Transformer, ids: list[int]) -> bool:
    """Whether llama.cpp says what may follow: not if the likeliest is an end, or half a character."""
    likeliest = tokenizer().decode([int(ours(model, ids).argmax())])
    return likeliest.isascii() and likeliest.isprintable() and likeliest != ""


def prompt(model: Transformer, length: int = 13) -> list[int]:
    drawn = (
        torch.randint(270, (length,), generator=torch.Generator().manual_seed(seed)).tolist() for seed in range(99)
    )
    return next(ids for ids in drawn if is_told(model, ids))


@pytest.mark.parametrize(("kind", "changed"), CASES, ids=str)
def test_it_reads_the_same_model(kind: str, changed: dict[str, Any], tmp_path: Path) -> None:
    path, model = write(tmp_path, choices(kind, **changed), numbers="f32")
    ids = prompt(model)
    found, count = theirs(path, ids)
    assert count == len(ids)
    assert torch.allclose(found, ours(model, ids), atol=1e-4)


@pytest.mark.parametrize(("kind", "changed"), CASES, ids=str)
def test_it_reads_long_texts_alike(kind: str, changed: dict[str, Any], tmp_path: Path) -> None:
    path, model = write(tmp_path, choices(kind, 200, **changed), numbers="f32")
    ids = prompt(model, LONG)
    expected = ours(model, ids)
    found, count = theirs(path, ids)
    assert count == LONG
    assert torch.allclose(found, expected, atol=1e-3)
    assert not torch.allclose(ours(model, ids[1:]), expected, atol=1e-2), "the first of them matters"


@pytest.mark.parametrize(("numbers", "off"), [("f16", 0.01), ("bf16", 0.1), ("q8_0", 0.3)])
def test_matrices_of_fewer_bits(numbers: str, off: float, tmp_path: Path) -> None:
    path, model = write(tmp_path, choices("llama"), numbers=numbers)
    ids, read = prompt(model), import_gguf(path)[0].model
    assert torch.allclose(theirs(path, ids)[0], ours(read, ids), atol=off)


@pytest.mark.parametrize("text", [TEXT, "  12345 cats\n\n\tÜber 日本", "x"])
def test_it_cuts_texts_alike(text: str, tmp_path: Path) -> None:
    path, model = write(tmp_path, choices("llama"), numbers="f32")
    encode = tokenizer().encode
    longer = next(text + letter for letter in string.ascii_letters if is_told(model, encode(text + letter)))
    found, count = theirs(path, longer)
    assert count == len(encode(longer))
    assert torch.allclose(found, ours(model, encode(longer)), atol=1e-4)
