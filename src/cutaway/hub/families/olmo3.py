"""OLMo 3 (OLMo Team 2025): OLMo 2 with a window in three of four layers, and scaled positions in the others only."""

from cutaway.hub.families.llama import ANGLES, UNREAD, heads
from cutaway.hub.families.olmo2 import LACKS, OLMO, OLMO_SIZES, RULES
from cutaway.hub.family import Family
from cutaway.hub.layer_types import FULL, SLIDING
from cutaway.hub.rotary_by_layer import layers_by_type

BASES = {FULL: 500_000.0, SLIDING: 500_000.0}

OLMO3 = Family(
    model_type="olmo3",
    prefix="model",
    options=(*OLMO_SIZES, layers_by_type(4, BASES)),
    choices=OLMO,
    required={},
    rules=RULES,
    heads=heads("Olmo3", lacks=LACKS),
    unread=UNREAD,
    ignored=ANGLES,
)
