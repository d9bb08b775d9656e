"""Checkpoints of nanoGPT; GPT-2 of `transformers`, its matrices turned round, is the judge."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import cutaway
from cutaway.config.tokenizer import ByteTokenizer
from cutaway.errors import UserError
from cutaway.hub.nanogpt import import_nanogpt
from cutaway.text.training import train_tokenizer
from hub.parity import Case, difference, theirs

LETTERS = "".join(chr(ord("A") + i) for i in range(37))
ARGUMENTS = {"n_layer": 3, "n_head": 4, "n_embd": 24, "block_size": 17, "vocab_size": 37, "dropout": 0.1}
TURNED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def checkpoint(folder: Path, *, bias: bool = True, prefix: str = "") -> tuple[Path, Any]:
    """A checkpoint, and a model of theirs with the same weights."""
    sizes = {"n_layer": 3, "n_head": 4, "n_embd": 24, "n_positions": 17, "vocab_size": 37}
    model = theirs(Case("GPT2Config", "GPT2LMHeadModel", sizes | {"activation_function": "gelu"}))
    if not bias:
        with torch.no_grad():
            for name, weight in model.named_parameters():
                weight.mul_(not name.endswith(".bias"))
    state: dict[str, Tensor] = {
        prefix + name: tensor.T.contiguous() if name.endswith(TURNED) else tensor
        for name, tensor in model.state_dict().items()
        if bias or not name.endswith(".bias")
    }
    state[f"{prefix}transformer.h.0.attn.bias"] = torch.ones(1, 1, 17, 17)
    arguments = ARGUMENTS | {"bias": bias}
    loss = {"iter_num": 5, "best_val_loss": torch.tensor(1.0), "config": {"out_dir": "out"}, "optimizer": {"state": {}}}
    torch.save({"model": state, "model_args": arguments, **loss}, folder / "ckpt.pt")
    (folder / "input.txt").write_text(LETTERS)
    return folder / "ckpt.pt", model


@pytest.mark.parametrize("prefix", ["", "_orig_mod."])
@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_logits_are_the_same(bias: bool, prefix: str, tmp_path: Path) -> None:
    path, model = checkpoint(tmp_path, bias=bias, prefix=prefix)
    imported, _ = import_nanogpt(path)
    tokens = torch.randint(37, (3, 11))
    assert difference(imported.model(tokens), model(tokens).logits) <= 1e-5
    assert imported.notes == ("not read: masks (1 tensor)",)


def test_characters_are_those_of_the_text(tmp_path: Path) -> None:
    path, _ = checkpoint(tmp_path)
    pipeline = cutaway.load(path)
    assert pipeline.tokenizer.encode("ABZ") == [0, 1, 25]
    assert pipeline.generate("AB", 3, temperature=0.0)


def test_a_tokenizer_beside_it_comes_first(tmp_path: Path) -> None:
    path, _ = checkpoint(tmp_path)
    train_tokenizer(ByteTokenizer(), ()).save(tmp_path / "tokenizer.json")
    with pytest.raises(UserError, match="the tokenizer has 256 tokens, but the model has 37"):
        import_nanogpt(path)


def test_without_a_tokenizer_it_says_what_to_do(tmp_path: Path) -> None:
    path, _ = checkpoint(tmp_path)
    (tmp_path / "input.txt").unlink()
    (tmp_path / "meta.pkl").write_bytes(pickle.dumps({"stoi": {}}))
    with pytest.raises(UserError, match=r"put a tokenizer.json beside it, .* trained on as input.txt"):
        import_nanogpt(path)


NAMED = {name: torch.zeros(1) for name in ("one", "two", "three")}


@pytest.mark.parametrize(
    ("held", "complaint"),
    [
        ({"model": {}}, "is not a nanoGPT checkpoint"),
        ([1], "is not a nanoGPT checkpoint"),
        ({"model": NAMED, "model_args": ARGUMENTS}, r"lacks transformer\.wte\.weight"),
        (
            {"model": NAMED, "model_args": ARGUMENTS | {"n_layer": 10**6}},
            "1,000,000 layers, but its files have 3 tensors",
        ),
        ({"model": [1], "model_args": ARGUMENTS}, "is not a nanoGPT checkpoint"),
        ({"model": {"a": 1}, "model_args": ARGUMENTS}, "is not a nanoGPT checkpoint"),
        ({"model": NAMED, "model_args": [1]}, "is not a nanoGPT checkpoint"),
        ({"model": {}, "model_args": ARGUMENTS | {"rotary": True}}, "asks for rotary=True"),
        ({"model": {}, "model_args": {}}, "does not say vocab_size"),
        ({"model": Path("x"), "model_args": {}}, "reading it could run code"),
    ],
)
def test_others_are_refused(held: Any, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "input.txt").write_text(LETTERS)
    torch.save(held, tmp_path / "ckpt.pt")
    with pytest.raises(UserError, match=complaint):
        import_nanogpt(tmp_path / "ckpt.pt")
