"""All choices of a run, in one file."""

from pydantic import Field, model_validator

from cutaway.config.data import DataConfig
from cutaway.config.model import ModelConfig
from cutaway.config.record import Record
from cutaway.config.task import AnyTask, default_task
from cutaway.config.tokenizer import CharTokenizer, TokenizerConfig
from cutaway.config.train import TrainConfig
from cutaway.errors import counted


class RunConfig(Record):
    """All choices of a run: the content of `run.yaml` in a run folder, and of presets."""

    preset: str | None = Field(
        None, description="name of the preset that the run began from; none: a run file or a model"
    )
    origin: str | None = Field(None, description="path or name of the model to fine-tune; none: fresh weights")
    model: ModelConfig = Field(ModelConfig(), description="the model")
    tokenizer: TokenizerConfig = Field(CharTokenizer(), description="how text becomes tokens")
    source_tokenizer: TokenizerConfig | None = Field(
        None, description="tokenizer of the source of an encoder-decoder; none: one for source and target"
    )
    data: DataConfig = Field(DataConfig(), description="the data")
    task: AnyTask = Field(default_factory=default_task, description="what the model is trained to do")
    train: TrainConfig = Field(TrainConfig(), description="the training")

    def __repr__(self) -> str:
        name = repr(self.origin or self.preset or "")
        epochs, steps = self.train.epochs, self.train.steps
        length = counted(epochs, "epoch") if epochs else counted(steps, "step")
        return f"RunConfig({name}, {self.task.kind}, {length}, {self.model!r})"

    @model_validator(mode="after")
    def _has_its_tokens(self) -> "RunConfig":
        for name in ("tokenizer", "source_tokenizer"):
            chosen = getattr(self, name)
            if chosen is not None and chosen.kind == "origin" and self.origin is None:
                raise ValueError(f"{name}=origin is for fine-tuning: name the model with --from")
            keeps = self.origin is not None and self.task.spec.has_text
            if chosen is not None and chosen.kind != "origin" and keeps:
                raise ValueError(f"a fine-tuned model keeps its tokenizer: remove {name}")
        return self
