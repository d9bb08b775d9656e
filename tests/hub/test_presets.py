"""What presets build goes out to a family that `transformers` opens, and comes back as it was."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cutaway.config.reading import load_preset, override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.exporting import Wishes, choose_family, export_folder
from cutaway.hub.importing import import_folder
from cutaway.hub.reference import open_reference
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder, Transformer
from hub.parity import difference
from support import require_module

TOKENS = {"pad_token_id": 0, "eos_token_id": 1}
IMAGES = ["model.head.labels=5", "model.embedding.height=8", "model.embedding.width=12"]
PRESETS = {
    "bert-nano": ("roberta-prelayernorm", ["model.vocabulary=65", "model.layers=2"]),
    "bert-base": ("bert", ["model.vocabulary=65", "model.layers=2", "model.width=96"]),
    "t5-nano": ("t5", ["model.vocabulary=65", "model.layers=2"]),
    "vit-nano": ("ijepa", [*IMAGES, "model.embedding.channels=1"]),
    "vit-nano, in colour": ("ijepa", [*IMAGES, "model.embedding.channels=3"]),
    "vit-nano, with a class vector": (
        "vit",
        ["model.embedding.cls=true", "model.head.pooling=cls", *IMAGES, "model.embedding.channels=1"],
    ),
    "vit-b16": ("vit", ["model.layers=2", "model.width=96", "model.embedding.height=32", "model.embedding.width=32"]),
}


def preset(name: str) -> RunConfig:
    """Its choices, made small."""
    return override(load_preset(name.partition(",")[0]), PRESETS[name][1])


def shown(model: Transformer, config: RunConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """Inputs of this model."""
    embedding, generator = config.model.embedding, torch.Generator().manual_seed(0)
    if embedding.kind == "patches":
        return torch.randn(2, embedding.channels, embedding.height, embedding.width, generator=generator), {}
    tokens = torch.randint(2, 65, (2, 11), generator=generator)
    return tokens, {"source": tokens.flip(1)} if isinstance(model, EncoderDecoder) else {}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_out_and_comes_back(name: str, tmp_path: Path) -> None:
    require_module("transformers")
    config = preset(name)
    model = build(config.model).eval()
    assert export_folder(model, config, tmp_path, TOKENS).model_type == PRESETS[name][0]
    reference, back = open_reference(tmp_path, model.head), dict(import_folder(tmp_path).model.named_parameters())
    assert reference is not None
    inputs, others = shown(model, config)
    with torch.no_grad():
        assert difference(reference(inputs, **others), model(inputs, **others)) <= 1e-5
    for weight_name, weight in model.named_parameters():
        assert torch.equal(weight, back[weight_name]), weight_name


@pytest.mark.parametrize("pad", [0, 3])
def test_positions_are_counted_from_the_padding_token(pad: int) -> None:
    config = preset("bert-nano")
    written = choose_family(config, Wishes(pad)).write(config.model, "masked_language_modeling")
    assert written["max_position_embeddings"] == config.model.context + pad + 1


def test_positions_that_are_counted_from_padding_need_a_padding_token() -> None:
    with pytest.raises(UserError, match="roberta-prelayernorm cannot hold a model without a padding token"):
        choose_family(preset("bert-nano"))


def test_what_a_family_cannot_hold_is_named() -> None:
    config = override(preset("vit-nano"), ["model.head.pooling=max"])
    said = "ijepa cannot hold model.head.pooling=max (it has mean); vit cannot hold model.embedding.cls=False"
    with pytest.raises(UserError, match=re.escape(said)):
        choose_family(config)
