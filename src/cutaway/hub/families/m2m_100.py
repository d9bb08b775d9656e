"""M2M-100 (Fan et al. 2020) and NLLB (NLLB Team 2022): pre-norm layers, sinusoidal positions, no bias of logits."""

from collections.abc import Iterable

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bart
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import Option, Options, with_default
from cutaway.hub.weight_rules import Rule, same

DEFAULTS = {"activation_function": "relu", "scale_embedding": True, "attention_dropout": 0.1}


def rules(c: ModelConfig) -> Iterable[Rule]:
    """Both stacks, which share an embedding and end with a norm."""
    yield Rule(("shared.weight",), ("encoder.embed.tokens.weight",))
    yield from bart.layers(c)
    for stack in bart.STACKS:
        yield from same(f"{stack}.layer_norm", f"{stack}.norm")


def options() -> Options:
    """BART's, with other defaults."""
    changed: Options = bart.OPTIONS
    for name, default in DEFAULTS.items():
        changed = with_default(changed, name, default)
    return (Option("vocab_size", "vocabulary", 128112), *changed)


def m2m_100(padding: int) -> Family:
    """The family for a padding token with this id: positions start after it."""
    positions = {"kind": "sinusoidal", "layout": "halves", "inclusive": True, "offset": padding + 1}
    return Family(
        model_type="m2m_100",
        prefix="model",
        options=options(),
        choices={
            **bart.CHOICES,
            "embedding.norm": False,
            "residual": "pre",
            "final_norm": True,
            **{f"position.{name}": value for name, value in positions.items()},
        },
        required={
            **bart.REQUIRED,
            "add_final_layer_norm": True,
            "normalize_before": True,
            "normalize_embedding": False,
            "static_position_embeddings": True,
        },
        rules=rules,
        heads={
            "sequence_to_sequence": HeadTable(
                architecture="M2M100ForConditionalGeneration",
                choices={"head.kind": "language", "head.tied": True, "head.bias": False},
                repeated={"lm_head.weight": "model.shared.weight"},
            )
        },
        also={"M2M100Model": "sequence_to_sequence"},
        unread=bart.UNREAD,
        repeated=bart.REPEATED,
        ignored={
            r"(encoder|decoder)\.version": "a version number of older files",
            r"(encoder|decoder)\.embed_positions\.weights?": "sinusoidal positions, which are computed",
        },
        by_padding=m2m_100,
    )


M2M_100 = m2m_100(padding=1)
