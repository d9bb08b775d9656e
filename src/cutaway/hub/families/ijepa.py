"""I-JEPA (Assran et al. 2023): ViT without a class vector; the head reads the mean over patches."""

from collections.abc import Iterable
from dataclasses import replace

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.vit import VIT, block_rules, patch_rules
from cutaway.hub.family import HeadTable
from cutaway.hub.weight_rules import Reshape, Rule, same


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield from patch_rules(c)
    e = c.input_embedding(PatchEmbeddingConfig)
    _, height, width = e.shape
    rows, columns = height // e.patch, width // e.patch
    grid = Reshape(((1, rows * columns, c.width),), ((rows, columns, c.width),))
    yield Rule(("embeddings.position_embeddings",), ("encoder.embed.grid.weight",), grid)
    yield from block_rules(c)


IJEPA = replace(
    VIT,
    model_type="ijepa",
    prefix="ijepa",
    choices={**VIT.choices, "embedding.cls": False},
    rules=rules,
    heads={
        "image_classification": HeadTable(
            architecture="IJepaForImageClassification",
            choices={"head.kind": "sequence", "head.pooling": "mean"},
            rules=lambda c: same("classifier", "head.projection"),
        )
    },
)
