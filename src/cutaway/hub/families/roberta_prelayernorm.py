"""Pre-norm RoBERTa (Ott et al. 2019, "fairseq"; Wettig et al. 2023)."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bert
from cutaway.hub.families.roberta import heads, roberta
from cutaway.hub.family import Family
from cutaway.hub.weight_rules import Rule, SkipRows, same


def rules(c: ModelConfig, skipped: int) -> Iterable[Rule]:
    """The body, with a final norm."""
    yield from bert.embeddings(c, SkipRows(skipped))
    yield from bert.layers(c, norms=("attention.LayerNorm", "intermediate.LayerNorm"))
    yield from same("LayerNorm", "encoder.norm")


def roberta_prelayernorm(padding: int) -> Family:
    """The family for a padding token with this id."""
    return replace(
        roberta(padding),
        model_type="roberta-prelayernorm",
        prefix="roberta_prelayernorm",
        choices=bert.CHOICES | {"residual": "pre", "final_norm": True},
        rules=partial(rules, skipped=padding + 1),
        heads=heads("RobertaPreLayerNorm", "roberta_prelayernorm"),
        by_padding=roberta_prelayernorm,
    )


ROBERTA_PRELAYERNORM = roberta_prelayernorm(padding=1)
