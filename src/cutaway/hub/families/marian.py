"""Marian (Junczys-Dowmunt et al. 2018): BART's layers, sinusoidal positions, no norm of embeddings."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bart
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import Joint
from cutaway.hub.weight_rules import Rule


def rules(c: ModelConfig) -> Iterable[Rule]:
    """Both stacks, which share an embedding."""
    yield Rule(("shared.weight",), ("encoder.embed.tokens.weight",))
    yield from bart.layers(c)


def read_vocabulary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The size of the vocabulary that both stacks share; that of the decoder is the encoder's unless it is given.

    Raises:
        ValueError: the sizes differ.
    """
    size = found.get("vocab_size", 58101)
    if found.get("decoder_vocab_size") not in (None, size):
        raise ValueError(f"both vocabularies must be equal, but that of the encoder has {size} tokens")
    return {"vocabulary": size}


def write_vocabulary(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that mean it."""
    return dict.fromkeys(("vocab_size", "decoder_vocab_size"), choices["vocabulary"])


MARIAN = Family(
    model_type="marian",
    prefix="model",
    options=(Joint(("vocab_size", "decoder_vocab_size"), read_vocabulary, write_vocabulary), *bart.OPTIONS),
    choices=bart.CHOICES | {"embedding.norm": False, "position.kind": "sinusoidal", "position.layout": "halves"},
    required=bart.REQUIRED
    | {"normalize_embedding": False, "static_position_embeddings": True, "share_encoder_decoder_embeddings": True},
    rules=rules,
    heads={
        "sequence_to_sequence": HeadTable(
            architecture="MarianMTModel",
            choices=bart.HEAD,
            rules=bart.language_rules,
            repeated={"lm_head.weight": "model.shared.weight"},
        )
    },
    also={"MarianModel": "sequence_to_sequence"},
    unread=bart.UNREAD,
    repeated=bart.REPEATED,
    ignored={r"(encoder|decoder)\.embed_positions\.weight": "sinusoidal positions, which are computed"},
    equivalent=bart.NO_BIAS,
)
