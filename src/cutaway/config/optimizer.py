"""Choices of optimizers."""

from typing import Annotated, Literal

from pydantic import Field

from cutaway.config.record import Record


class LayeredConfig(Record):
    """Keys of all optimizers."""

    layer_decay: float = Field(
        1.0, gt=0, le=1, description="factor of the learning rate from each layer to the one below; 1: equal rates"
    )


class AdamWPartConfig(Record):
    """AdamW (Loshchilov & Hutter 2019); only matrices have weight decay."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0, description="peak learning rate")
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the mean of gradients, per step")
    beta2: float = Field(0.99, ge=0, lt=1, description="decay of the mean of squared gradients, per step")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the mean squared gradient")
    weight_decay: float = Field(0.1, ge=0, description="weight decay of matrices; others have none")


class AdamWConfig(AdamWPartConfig, LayeredConfig):
    """AdamW for all weights."""


class MuonConfig(LayeredConfig):
    """Muon for the matrices of blocks (Jordan et al. 2024), AdamW for embeddings, head and vectors."""

    kind: Literal["muon"] = "muon"
    learning_rate: float = Field(0.02, gt=0, description="peak learning rate of the matrices of blocks")
    momentum: float = Field(0.95, ge=0, lt=1, description="momentum of the matrices of blocks")
    iterations: int = Field(5, gt=0, description="number of Newton-Schulz iterations")
    weight_decay: float = Field(0.0, ge=0, description="weight decay of the matrices of blocks")
    adamw: AdamWPartConfig = Field(
        AdamWPartConfig(learning_rate=3e-3, beta2=0.95, weight_decay=0.0),
        description="AdamW for embeddings, head and vectors",
    )


OptimizerConfig = Annotated[AdamWConfig | MuonConfig, Field(discriminator="kind")]
