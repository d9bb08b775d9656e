"""Choices of training."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from cutaway.config.optimizer import AdamWConfig, OptimizerConfig
from cutaway.config.record import Record
from cutaway.config.schedule import CosineConfig, ScheduleConfig

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]


class TrainConfig(Record):
    """Everything about a run except its model, data and task."""

    steps: int = Field(2000, gt=0, description="optimizer steps")
    epochs: float | None = Field(
        None, gt=0, description="passes over the data, instead of steps, which are then computed"
    )
    batch_size: int = Field(32, gt=0, description="examples per step")
    batch_tokens: int | None = Field(
        None, gt=0, description="tokens per step, padding included, for tasks with examples; instead of batch_size"
    )
    gradient_accumulation: int = Field(1, gt=0, description="micro-batches per step, to save memory")
    optimizer: OptimizerConfig = AdamWConfig()
    schedule: ScheduleConfig = CosineConfig()
    frozen: tuple[str, ...] = Field(
        (),
        description="weights that are not trained, by the beginning of their names or patterns: encoder.embed, *.bias",
    )
    gradient_clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient")
    seed: int = Field(0, ge=0, lt=1 << 32)
    device: Device = "auto"
    precision: Precision = Field("auto", description="auto: bf16 if the processor multiplies it fast, otherwise fp32")
    log_every: int = Field(10, gt=0, description="steps")
    evaluate_every: int = Field(100, gt=0, description="steps")
    evaluate_batches: int | None = Field(None, gt=0, description="first batches of the validation split; all if none")
    best: Literal["loss", "accuracy"] = Field(
        "loss", description="validation figure by which the best weights are kept"
    )
    save_every: int = Field(500, gt=0, description="steps")
    keep: int = Field(2, gt=0, description="checkpoints to keep besides the best weights")
    sample_every: int | None = Field(500, gt=0, description="steps between samples; none: no samples")
    sample_tokens: int = Field(200, gt=0)
    sample_prompt: str = Field("", description="prompt of samples; a token of the text if empty")
    patience: int | None = Field(None, gt=0, description="evaluations without improvement before early stopping")
    tensorboard: bool = Field(False, description="also write metrics for TensorBoard into the run folder")

    @field_validator("frozen", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _divides(self) -> "TrainConfig":
        if self.batch_size % self.gradient_accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be divided into {self.gradient_accumulation} equal micro-batches"
            )
        return self
