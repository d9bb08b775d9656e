"""Choices of training."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from cutaway.config.optimizer import AdamWConfig, OptimizerConfig
from cutaway.config.record import Record
from cutaway.config.schedule import CosineConfig, ScheduleConfig
from cutaway.devices import DEVICE_MEANING, Device

Precision = Literal["auto", "fp32", "bf16"]


class TrainConfig(Record):
    """Everything about a run except its model, data and task."""

    steps: int = Field(2000, gt=0, description="number of optimizer steps")
    epochs: float | None = Field(
        None, gt=0, description="passes over the data, from which the number of steps is computed; none: steps counts"
    )
    batch_size: int = Field(32, gt=0, description="examples, or sequences of a text, per optimizer step")
    batch_tokens: int | None = Field(
        None,
        gt=0,
        description="tokens per optimizer step, padding included, for tasks with examples; none: batch_size counts",
    )
    gradient_accumulation: int = Field(
        1, gt=0, description="micro-batches that each step's batch is divided into, to save memory"
    )
    optimizer: OptimizerConfig = Field(AdamWConfig(), description="how weights are updated")
    schedule: ScheduleConfig = Field(CosineConfig(), description="learning rate after the warm-up")
    frozen: tuple[str, ...] = Field(
        (),
        description="weights that are not trained, by the beginnings of their names or patterns: encoder.embed, *.bias",
    )
    gradient_clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient; none: not clipped")
    seed: int = Field(0, ge=0, lt=1 << 32, description="seed of weights, batches, dropout and samples")
    device: Device = Field("auto", description=DEVICE_MEANING)
    precision: Precision = Field(
        "auto", description="dtype of matrix products; auto: bf16 where the device multiplies it faster than fp32"
    )
    compile: bool = Field(
        False, description="whether training steps are compiled first, which takes a C++ compiler and up to a minute"
    )
    log_every: int = Field(10, gt=0, description="steps between logged training losses")
    evaluate_every: int = Field(100, gt=0, description="steps between evaluations on the validation split")
    evaluate_batches: int | None = Field(
        None, gt=0, description="number of batches of the validation split to evaluate on; none: all"
    )
    best: Literal["loss", "accuracy"] = Field(
        "loss", description="validation figure by which the best weights are kept"
    )
    save_every: int = Field(500, gt=0, description="steps between checkpoints")
    keep: int = Field(2, gt=0, description="number of checkpoints to keep besides the best weights")
    sample_every: int | None = Field(500, gt=0, description="steps between samples; none: no samples")
    sample_tokens: int = Field(200, gt=0, description="length of samples in tokens")
    sample_prompt: str = Field("", description="prompt of samples; if empty, a token of the text")
    patience: int | None = Field(
        None, gt=0, description="evaluations without improvement until training stops; none: it does not"
    )
    tensorboard: bool = Field(
        False, description="whether metrics are also written for TensorBoard, into the run folder"
    )

    @field_validator("frozen", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _divides(self) -> "TrainConfig":
        if self.batch_tokens is None and self.batch_size % self.gradient_accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be divided into {self.gradient_accumulation} equal micro-batches"
            )
        return self
