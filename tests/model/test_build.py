"""Which tables are one, how many layers a side has, and what cannot be built."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder
from variants import SOURCE_TOKENS, VOCABULARY, WIDTH, tokens, variant

SOURCE_VOCABULARY = 41


def pair(**choices: Any) -> EncoderDecoder:
    return variant(architecture="encoder_decoder", **choices)


def test_source_target_and_head_share_one_table() -> None:
    model = pair()
    assert model.encoder.embed.tokens.weight is model.decoder.embed.tokens.weight is model.head.projection.weight
    assert sum(weight.shape == (VOCABULARY, WIDTH) for weight in model.parameters()) == 1


def test_a_source_with_a_tokenizer_of_its_own_has_a_table_of_its_own() -> None:
    model = pair(source_vocabulary=SOURCE_VOCABULARY)
    assert model.encoder.embed.tokens.weight.shape == (SOURCE_VOCABULARY, WIDTH)
    assert model.decoder.embed.tokens.weight is model.head.projection.weight
    highest = tokens(length=SOURCE_TOKENS) + SOURCE_VOCABULARY - VOCABULARY
    assert model(tokens(), source=highest).shape[-1] == VOCABULARY


def test_a_source_vocabulary_of_the_same_size_is_still_another() -> None:
    model = pair(source_vocabulary=VOCABULARY)
    assert model.encoder.embed.tokens.weight is not model.decoder.embed.tokens.weight


def test_both_sides_embed_at_the_width_of_tokens_and_project_to_that_of_the_model() -> None:
    model = pair(embedding={"token_width": 14, "norm": True, "scaled": True}, position="learned")
    assert model.encoder.embed.tokens.weight is model.decoder.embed.tokens.weight is model.head.projection.weight
    for stack in (model.encoder, model.decoder):
        embed, ids = stack.embed, tokens()
        positions = torch.arange(ids.shape[1])[None]
        summed = 14**0.5 * embed.tokens.weight[ids] + embed.positions.weight[positions]
        normed = F.layer_norm(summed, (14,), embed.norm.weight, embed.norm.bias)
        expected = normed @ embed.projection.weight.T + embed.projection.bias
        assert expected.shape[-1] == WIDTH
        torch.testing.assert_close(embed(ids, positions), expected, atol=1e-5, rtol=1e-5)


def test_tokens_may_be_projected_before_the_sum() -> None:
    embedding = {"token_width": 14, "projected": "tokens", "norm": True, "scaled": True}
    embed, ids = variant(embedding=embedding, position="learned").decoder.embed, tokens()
    positions = torch.arange(ids.shape[1])[None]
    assert isinstance(embed.projection, nn.Identity)
    summed = 14**0.5 * embed.tokens.weight[ids] @ embed.token_projection.weight.T + embed.positions.weight[positions]
    expected = F.layer_norm(summed, (WIDTH,), embed.norm.weight, embed.norm.bias)
    torch.testing.assert_close(embed(ids, positions), expected, atol=1e-5, rtol=1e-5)


def test_a_free_head_leaves_the_embeddings_shared() -> None:
    model = pair(head={"tied": False})
    assert model.encoder.embed.tokens.weight is model.decoder.embed.tokens.weight
    assert model.head.projection.weight is not model.decoder.embed.tokens.weight


def test_each_side_has_its_layers_and_its_own_positions() -> None:
    model = pair(encoder_layers=3, layers=2)
    assert (len(model.encoder.blocks), len(model.decoder.blocks)) == (3, 2)
    assert model.encoder.embed.positions.weight is not model.decoder.embed.positions.weight
    assert len(pair(layers=2).encoder.blocks) == 2
    assert not any(list(block.cross_attention.parameters()) for block in model.encoder.blocks)
    assert all(block.cross_attention is not None for block in model.decoder.blocks)


SEQUENCE, TOKEN = {"kind": "sequence", "labels": 5}, {"kind": "token", "labels": 5}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"encoder_layers": 3}, r"model\.encoder_layers is for an encoder_decoder"),
        ({"architecture": "encoder", "encoder_layers": 3}, r"model\.encoder_layers is for an encoder_decoder"),
        ({"architecture": "encoder", "source_vocabulary": 9}, r"model\.source_vocabulary is for an encoder_decoder"),
        ({"architecture": "encoder_decoder", "head": TOKEN}, r"model\.head is language, not token"),
        ({"architecture": "encoder_decoder", "head": SEQUENCE}, r"model\.head is language, not sequence"),
        (
            {"embedding": {"projected": "tokens"}},
            r"projected=tokens is a choice of the layer after token_width: give it",
        ),
    ],
    ids=["decoder", "encoder", "source vocabulary", "token head", "sequence head", "no layer"],
)
def test_parts_that_do_not_belong_together_are_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig.model_validate(choices)


@pytest.mark.parametrize("kind", ["sequence", "token"])
def test_a_number_of_labels_is_needed(kind: str) -> None:
    with pytest.raises(UserError, match=r"number of labels is not known without data: give model\.head\.labels"):
        build(ModelConfig.model_validate({"vocabulary": 7, "head": {"kind": kind}}))


@pytest.mark.parametrize("architecture", ["decoder", "encoder", "encoder_decoder"])
def test_a_vocabulary_is_needed(architecture: str) -> None:
    with pytest.raises(UserError, match=r"vocabulary is not known without a tokenizer: give model\.vocabulary"):
        build(ModelConfig.model_validate({"architecture": architecture}))
