"""What a model is trained to do."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutaway.config.base import Record
from cutaway.errors import UserError


class LanguageModelingConfig(Record):
    """Predict each token from those before it."""

    kind: Literal["language_modeling"] = "language_modeling"
    ahead_weight: float = Field(
        0.3, ge=0, description="of the loss on tokens further ahead, where model.ahead says that there are such"
    )
    document_mask: bool = Field(
        False, description="tokens attend to their own document only, and its positions begin at 0; for many documents"
    )


class MaskedLanguageModelingConfig(Record):
    """Predict hidden tokens from those on both sides (Devlin et al. 2019, section 3.1)."""

    kind: Literal["masked_language_modeling"] = "masked_language_modeling"
    share: float = Field(0.15, gt=0, lt=1, description="of the tokens that are to be predicted")
    masked: float = Field(0.8, ge=0, le=1, description="share of those that the mask token stands for")
    random: float = Field(0.1, ge=0, le=1, description="share of those that another token stands for; the rest stays")


class SequenceToSequenceConfig(Record):
    """Write the target from the source: translation, summarization (Sutskever et al. 2014)."""

    kind: Literal["sequence_to_sequence"] = "sequence_to_sequence"
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="share of certainty given to all tokens alike")
    truncate: bool = Field(False, description="cut sources that are too long, and count them; else leave them out")


class ClassificationConfig(Record):
    """What every classification has in common, whatever a model is shown."""

    problem: Literal["single_label", "multi_label", "regression"] = "single_label"
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: a label counts the more, the rarer it is"
    )
    labels: tuple[str, ...] | None = Field(None, description="in order; those of the data if not given")


class SequenceClassificationConfig(ClassificationConfig):
    """Choose a label for a text, or several, or tell a number."""

    kind: Literal["sequence_classification"] = "sequence_classification"


class PicturesConfig(Record):
    """What every task on pictures has in common: how their values are brought to one scale."""

    values: Literal["bytes", "numbers"] | None = Field(
        None, description="bytes from 0 to 255, as picture files hold them, or others; those of the data if not given"
    )
    mean: tuple[float, ...] | None = Field(
        None, description="of each channel, taken from its values; that of the data if not given"
    )
    deviation: tuple[float, ...] | None = Field(
        None, description="of each channel, that they are divided by; that of the data if not given"
    )


class ImageClassificationConfig(ClassificationConfig, PicturesConfig):
    """Choose a label for a picture, or several, or tell a number."""

    kind: Literal["image_classification"] = "image_classification"
    shift: int = Field(0, ge=0, description="pixels by which pictures to train on are moved at random, at most")


class ImageCaptioningConfig(PicturesConfig):
    """Write what a picture shows (Vinyals et al. 2015)."""

    kind: Literal["image_captioning"] = "image_captioning"
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="share of certainty given to all tokens alike")


class AudioClassificationConfig(ClassificationConfig):
    """Choose a label for a recording, or several, or tell a number."""

    kind: Literal["audio_classification"] = "audio_classification"
    rate: int = Field(16_000, gt=0, description="samples a second of all recordings: none is resampled")
    frame: float = Field(25.0, gt=0, description="milliseconds of sound in a frame")
    hop: float = Field(10.0, gt=0, description="milliseconds from the start of a frame to that of the next")
    mean: float | None = Field(
        None, description="of all log-mel values, taken from each; that of the data if not given"
    )
    deviation: float | None = Field(
        None, gt=0, description="of all log-mel values, that each is divided by; that of the data if not given"
    )

    @property
    def statistics(self) -> tuple[float, float]:
        """Mean and deviation.

        Raises:
            UserError: they are not known without data.
        """
        if self.mean is None or self.deviation is None:
            raise UserError("what recordings are like is not known without data: give task.mean and task.deviation")
        return self.mean, self.deviation


class GraphClassificationConfig(ClassificationConfig):
    """Choose a label for a graph, or several, or tell a number."""

    kind: Literal["graph_classification"] = "graph_classification"


class TokenClassificationConfig(Record):
    """Choose a tag for each word."""

    kind: Literal["token_classification"] = "token_classification"
    labels: tuple[str, ...] | None = Field(None, description="in order; those of the data if not given")


class QuestionAnsweringConfig(Record):
    """Find the answer to a question in a context (Rajpurkar et al. 2016)."""

    kind: Literal["question_answering"] = "question_answering"
    stride: int = Field(64, gt=0, description="tokens that two windows over a long context share")
    longest_answer: int = Field(30, gt=0, description="tokens")


class SentenceEmbeddingConfig(Record):
    """Give a vector to each text; of models trained elsewhere (Reimers & Gurevych 2019)."""

    kind: Literal["sentence_embedding"] = "sentence_embedding"


class AlgorithmicConfig(Record):
    """Compute on generated sequences; graded by those that are right from end to end."""

    kind: Literal["algorithmic"] = "algorithmic"
    operation: Literal["sort", "reverse", "copy", "add"] = "sort"
    length: int = Field(12, gt=1, description="symbols in the longest sequence of training")
    shortest: int | None = Field(None, gt=1, description="symbols in the shortest; as many as in the longest if none")
    symbols: int = Field(100, gt=1, description="numbers from 0 up, below this; digits, and so 10, if it adds")
    held_out: int = Field(1000, gt=0, description="sequences to validate with")

    @model_validator(mode="after")
    def _fits(self) -> "AlgorithmicConfig":
        if (self.shortest or 0) > self.length:
            raise ValueError(f"task.shortest {self.shortest} is more than task.length {self.length}: change one")
        return self


TaskConfig = Annotated[
    LanguageModelingConfig
    | MaskedLanguageModelingConfig
    | SequenceToSequenceConfig
    | SequenceClassificationConfig
    | ImageClassificationConfig
    | ImageCaptioningConfig
    | AudioClassificationConfig
    | GraphClassificationConfig
    | TokenClassificationConfig
    | QuestionAnsweringConfig
    | SentenceEmbeddingConfig
    | AlgorithmicConfig,
    Field(discriminator="kind"),
]

WITHOUT_TEXT = ("image_classification", "audio_classification")
"""Tasks that neither read nor write text, and so have no tokenizer."""
