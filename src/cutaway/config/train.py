"""How a model is trained."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from cutaway.config.optimizer import AdamWConfig, OptimizerConfig
from cutaway.config.record import Record
from cutaway.config.schedule import CosineConfig, ScheduleConfig

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]


class TrainConfig(Record):
    """Everything about a run that is not the model, its text or its task."""

    steps: int = Field(2000, gt=0, description="updates of the weights")
    epochs: float | None = Field(
        None, gt=0, description="times that all of the data is seen, in place of steps, which are then counted"
    )
    batch_size: int = Field(32, gt=0, description="examples an update")
    batch_tokens: int | None = Field(
        None, gt=0, description="tokens an update, padding included, for tasks with examples: in place of batch_size"
    )
    gradient_accumulation: int = Field(1, gt=0, description="parts that a batch is computed in, to save memory")
    optimizer: OptimizerConfig = AdamWConfig()
    schedule: ScheduleConfig = CosineConfig()
    frozen: tuple[str, ...] = Field(
        (), description="weights that stay as they are, by how their names begin or by patterns: encoder.embed, *.bias"
    )
    gradient_clip: float | None = Field(1.0, gt=0, description="largest norm of the whole gradient")
    seed: int = Field(0, ge=0, lt=1 << 32)
    device: Device = "auto"
    precision: Precision = Field("auto", description="auto: bf16 where the processor multiplies it, else fp32")
    log_every: int = Field(10, gt=0, description="steps")
    evaluate_every: int = Field(100, gt=0, description="steps")
    evaluate_batches: int | None = Field(None, gt=0, description="first batches of the validation part; all if none")
    best: Literal["loss", "accuracy"] = Field(
        "loss", description="figure of the validation part by which the best weights are kept"
    )
    save_every: int = Field(500, gt=0, description="steps")
    keep: int = Field(2, gt=0, description="checkpoints to keep beside the best")
    sample_every: int | None = Field(500, gt=0, description="steps between samples; none: no samples")
    sample_tokens: int = Field(200, gt=0)
    sample_prompt: str = Field("", description="what samples begin with; a token of the text if empty")
    patience: int | None = Field(None, gt=0, description="evaluations without a new best before stopping early")
    tensorboard: bool = Field(False, description="also write metrics for TensorBoard into the run folder")

    @field_validator("frozen", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _divides(self) -> "TrainConfig":
        if self.batch_size % self.gradient_accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be computed in {self.gradient_accumulation} equal parts"
            )
        return self
