"""A whole run in one file."""

from pydantic import Field

from cutaway.config.base import Record
from cutaway.config.data import DataConfig
from cutaway.config.model import ModelConfig
from cutaway.config.task import LanguageModelingConfig, TaskConfig
from cutaway.config.tokenizer import CharTokenizer, TokenizerConfig
from cutaway.config.train import TrainConfig


class RunConfig(Record):
    """All choices of a run: what `run.yaml` in a run folder holds, and what presets are."""

    preset: str | None = None
    model: ModelConfig = ModelConfig()
    tokenizer: TokenizerConfig = CharTokenizer()
    source_tokenizer: TokenizerConfig | None = Field(
        None, description="of a source that has its own; else one for both"
    )
    data: DataConfig = DataConfig()
    task: TaskConfig = LanguageModelingConfig()
    train: TrainConfig = TrainConfig()
