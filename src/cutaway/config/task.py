"""What a model is trained to do."""

from typing import Literal

from cutaway.config.base import Record


class LanguageModelingConfig(Record):
    """Predict each token from those before it."""

    kind: Literal["language_modeling"] = "language_modeling"


TaskConfig = LanguageModelingConfig
