"""Language modelling: predict each token from those before it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.data.text.corpus import Corpus, Part
from cutaway.data.text.windows import SequentialWindows
from cutaway.errors import UserError
from cutaway.generation.sampling import Sampling
from cutaway.generation.text_generator import Limits, TextGenerator
from cutaway.model.transformer import DecoderOnly, Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, FiniteBatches, Model, Objective, TrainingData, to_tensors
from cutaway.tasks.language_modeling.config import LanguageModelingConfig
from cutaway.tasks.task import LoadedModel
from cutaway.tasks.text_task import TextTask
from cutaway.text.tokenizer import Tokenizer

NEW_TOKENS = 100
"""Most tokens of a prediction."""


class LanguageModeling:
    """Cross-entropy of the next token, in nats.

    With multi-token prediction, the tokens after that one are predicted too (DeepSeek-V3, eq. 24 and 25).

    Documents that are packed into one row may be masked from each other (Llama 3, 2024, section 3.2). The token that
    separates them is the last target of one document and the first input of the next.

    Args:
        characters_per_token: of the validation text, to compare losses of different tokenizers.
        multi_token_weight: of the mean loss over all depths of multi-token prediction.
        separator: the token between documents, if tokens attend to their own document only.
        logits: how many are in memory at once in training.
    """

    def __init__(
        self,
        characters_per_token: float = 1.0,
        multi_token_weight: float = 0.3,
        *,
        separator: int | None = None,
        logits: Logits = "parts",
    ) -> None:
        self._characters_per_token = characters_per_token
        self._multi_token_weight = multi_token_weight
        self._separator = separator
        self._logits: Logits = logits

    def collate(self, examples: tuple[np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs and targets, both (B, T)."""
        inputs, targets = examples
        documents = {} if self._separator is None else {"documents": number_documents(inputs, self._separator)}
        return to_tensors({"inputs": inputs, "targets": targets, **documents}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(target) over all targets and depths; counts the targets of the next token."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            total, count = cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)
            for depth, states in enumerate(hidden.multi_token, 1):
                further, _ = cross_entropy(head, states, multi_token_targets(batch, depth), logits=self._logits)
                total = total + self._multi_token_weight / len(hidden.multi_token) * further
            return total, count

        return model(batch["inputs"], documents=batch.get("documents"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss of the next token, and the number of targets ranked first, at each depth."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            sums = measure_tokens(head, hidden.states, batch["targets"])
            for depth, states in enumerate(hidden.multi_token, 1):
                found = measure_tokens(head, states, multi_token_targets(batch, depth))
                for name in ("count", "correct"):
                    sums[f"multi_token_{name}"] = sums.get(f"multi_token_{name}", 0) + found[name]
            return sums

        return model(batch["inputs"], documents=batch.get("documents"), read=read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss per token in nats, perplexity, bits per character, and the fraction of tokens ranked first."""
        further = {}
        if sums.get("multi_token_count"):
            further["multi_token_accuracy"] = sums["multi_token_correct"] / sums["multi_token_count"]
        figures = figures_of_tokens(sums)
        bits = figures["loss"] / math.log(2) / self._characters_per_token
        accuracy = figures.pop("accuracy")
        return {**figures, "bits_per_character": bits, "accuracy": accuracy, **further}


def number_documents(inputs: np.ndarray, separator: int) -> np.ndarray:
    """The document of each input in its row, (B, T); a separator starts a document."""
    return np.cumsum(inputs == separator, axis=1)


def multi_token_targets(batch: Batch, depth: int) -> Tensor:
    """The targets of a depth of multi-token prediction, (B, T - depth).

    Targets that would be predicted from the inputs of several documents are ignored.
    """
    targets = batch["targets"][:, depth:]
    if "documents" not in batch:
        return targets
    documents = batch["documents"]
    return targets.masked_fill(documents[:, depth:] != documents[:, :-depth], IGNORED)


class LanguageModelingTask(TextTask[LanguageModelingConfig]):
    """Continues texts."""

    def training_data(self, corpus: Corpus) -> TrainingData:
        """Windows of tokens, each with the tokens that follow.

        Raises:
            UserError: `document_mask` is chosen, but the text is a single document.
        """
        if self.task_config.document_mask and corpus.manifest.scan.documents < 2:
            raise UserError(
                "task.document_mask separates documents, but the text is a single one: remove it, or give a folder, "
                "a .jsonl or a .parquet file"
            )
        training, validation = self.windows(corpus)
        return TrainingData(self.objective(corpus.tokenizer, corpus.manifest.validation), training, validation)

    def evaluation_data(
        self, tokenizer: Tokenizer, windows: SequentialWindows, part: Part
    ) -> tuple[Objective, FiniteBatches]:
        """The windows as they are."""
        return self.objective(tokenizer, part), windows

    def objective(self, tokenizer: Tokenizer, part: Part) -> LanguageModeling:
        """Cross-entropy of the next token; bits per character are those of this part."""
        task = self.task_config
        separator = tokenizer.end if task.document_mask else None
        return LanguageModeling(characters_per_token(part), task.multi_token_weight, separator=separator)

    def placeholder_data(self, examples: int) -> TrainingData:
        """Random tokens."""
        return TrainingData(LanguageModeling(), self.placeholder_windows(examples), None)

    def predict(self, loaded: LoadedModel, inputs: Sequence[str]) -> list[str]:
        """A continuation of each text (see `Pipeline.generate`)."""
        return self.generator(loaded).generate(inputs, (), Sampling(), Limits(default=NEW_TOKENS))

    def generator(self, loaded: LoadedModel) -> TextGenerator:
        """What continues texts.

        Raises:
            UserError: the model is not a decoder.
        """
        model, c = loaded.model, loaded.config.model
        if not isinstance(model, DecoderOnly):
            raise UserError(f"{self.config.task.kind} needs a decoder, but the model is {c.architecture}")
        return TextGenerator(model.eval(), loaded.tokenizers.text, c.context)


def characters_per_token(part: Part) -> float:
    """The mean number of characters per token; one if there are none."""
    return part.characters / max(1, sum(part.shards) - 1) or 1.0
