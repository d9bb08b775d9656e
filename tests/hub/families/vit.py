"""Tiny models of ViT."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "image_size": [12, 18],
    "patch_size": 6,
    "num_channels": 2,
    "num_labels": 5,
}
CASES = [
    Case("ViTConfig", "ViTForImageClassification", SIZES),
    Case("ViTConfig", "ViTForImageClassification", SIZES | {"image_size": 24, "num_channels": 3, "qkv_bias": False}),
    Case("ViTConfig", "ViTForImageClassification", SIZES | {"hidden_act": "relu", "layer_norm_eps": 0.1}),
]
