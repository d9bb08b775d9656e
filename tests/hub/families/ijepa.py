"""Tiny models of I-JEPA."""

from hub.families.vit import SIZES
from hub.parity import Case

CASES = [
    Case("IJepaConfig", "IJepaForImageClassification", SIZES),
    Case("IJepaConfig", "IJepaForImageClassification", SIZES | {"image_size": 24, "qkv_bias": False}),
]
