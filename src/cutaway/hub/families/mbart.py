"""mBART (Liu et al. 2020): BART with norms before each sublayer and after each stack, for many languages."""

from collections.abc import Iterable
from dataclasses import replace

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bart
from cutaway.hub.weight_rules import Rule, same


def rules(c: ModelConfig) -> Iterable[Rule]:
    """BART's, and the final norm of each stack."""
    yield from bart.rules(c)
    for stack in bart.STACKS:
        yield from same(f"{stack}.layer_norm", f"{stack}.norm")


BART_HEAD = bart.BART.heads["sequence_to_sequence"]
MBART = replace(
    bart.BART,
    model_type="mbart",
    choices={**bart.BART.choices, "residual": "pre", "final_norm": True},
    required={**bart.BART.required, "add_final_layer_norm": True, "normalize_before": True},
    rules=rules,
    heads={"sequence_to_sequence": replace(BART_HEAD, architecture="MBartForConditionalGeneration")},
    also={"MBartModel": "sequence_to_sequence"},
)
