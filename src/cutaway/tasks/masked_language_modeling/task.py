"""Masked language modelling: predict hidden tokens from those on both sides (Devlin et al. 2019, section 3.1)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.data.grouping import in_batches
from cutaway.data.text.corpus import Corpus, Part
from cutaway.data.text.masking import Masked, Masking, Windows
from cutaway.data.text.windows import SequentialWindows
from cutaway.errors import UserError
from cutaway.model.device import device_of
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, FiniteBatches, Model, Objective, TrainingData, to_tensors
from cutaway.tasks.masked_language_modeling.config import MaskedLanguageModelingConfig
from cutaway.tasks.predictions import Candidate
from cutaway.tasks.task import LoadedModel
from cutaway.tasks.text_task import TextTask
from cutaway.tasks.texts import require_fitting
from cutaway.text.special import UNDERSTANDING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_window


class MaskedLanguageModeling:
    """Cross-entropy of the tokens to predict, in nats.

    Args:
        logits: how many are in memory at once in training.
    """

    def __init__(self, *, logits: Logits = "parts") -> None:
        self._logits: Logits = logits

    def collate(self, examples: tuple[np.ndarray, np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs, targets, and a mask, all (B, T)."""
        inputs, targets, keep = examples
        mask = {} if keep.all() else {"attention_mask": keep}
        return to_tensors({"inputs": inputs, "targets": targets, **mask}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(token) over the tokens to predict; no others reach the head."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)

        return model(batch["inputs"], attention_mask=batch.get("attention_mask"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss, and the number of tokens ranked first."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            return measure_tokens(head, hidden.states, batch["targets"])

        return model(batch["inputs"], attention_mask=batch.get("attention_mask"), read=read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss per token to predict in nats, its perplexity, and the fraction ranked first."""
        return figures_of_tokens(sums)


class MaskedLanguageModelingTask(TextTask[MaskedLanguageModelingConfig]):
    """Fills in masks."""

    special_tokens = UNDERSTANDING

    def training_data(self, corpus: Corpus) -> TrainingData:
        """Windows with hidden tokens, which are others each time."""
        training, validation = self.windows(corpus)
        masked = self._masked(corpus.tokenizer, training)
        held_out = None if validation is None else self.mask(corpus.tokenizer, validation)
        return TrainingData(MaskedLanguageModeling(), masked, held_out)

    def evaluation_data(
        self, tokenizer: Tokenizer, windows: SequentialWindows, part: Part
    ) -> tuple[Objective, FiniteBatches]:
        """The windows with hidden tokens, always the same."""
        return MaskedLanguageModeling(), self.mask(tokenizer, windows)

    def mask(self, tokenizer: Tokenizer, windows: SequentialWindows) -> Masked:
        """Windows with hidden tokens to measure a model by.

        Raises:
            UserError: the text is so short that none is hidden.
        """
        masked = self._masked(tokenizer, windows)
        if all((masked[i][1] == IGNORED).all() for i in range(len(masked))):
            raise UserError(
                "the text to validate with is so short that none of its tokens is hidden: give more, or hold out a "
                "larger fraction with data.validation"
            )
        return masked

    def window(self, tokenizer: Tokenizer) -> int:
        """The tokens of a text that fit between the special tokens that the tokenizer's file has around a text.

        Raises:
            UserError: none does.
        """
        frame = around_window(tokenizer)
        length = super().window(tokenizer) - len(frame.around([]))
        if length < 1:
            raise UserError(
                f"model.context={self.config.model.context} has no room for text between special tokens: "
                f"choose {len(frame.around([])) + 1} or more"
            )
        return length

    def _masked(self, tokenizer: Tokenizer, windows: Windows) -> Masked:
        frame = around_window(tokenizer)
        return Masked(windows, self.masking(tokenizer), self.config.train.seed, (frame.before, frame.after))

    def masking(self, tokenizer: Tokenizer) -> Masking:
        """How tokens are hidden.

        Raises:
            UserError: the tokenizer has no mask token.
        """
        if tokenizer.mask is None:
            raise UserError(
                "masked language modelling needs a tokenizer with a mask token: train one, or choose another"
            )
        task = self.task_config
        return Masking(tokenizer.mask, tokenizer.ordinary, task.fraction, task.masked, task.random)

    def placeholder_data(self, examples: int) -> TrainingData:
        """Random tokens, some of them hidden."""
        task, vocabulary = self.task_config, range(self.config.model.vocabulary or 1)
        masking = Masking(0, vocabulary, task.fraction, task.masked, task.random)
        masked = Masked(self.placeholder_windows(examples), masking, self.config.train.seed)
        return TrainingData(MaskedLanguageModeling(), masked, None)

    def predict(self, loaded: LoadedModel, inputs: Sequence[str]) -> list[list[list[Candidate]]]:
        """The five likeliest tokens for each mask of each text (see `Pipeline.fill`)."""
        return fill(loaded, inputs, 5)


@torch.inference_mode()
def fill(loaded: LoadedModel, texts: Sequence[str], top_k: int) -> list[list[list[Candidate]]]:
    """The likeliest tokens for each mask of each text (see `Pipeline.fill`)."""
    tokenizer = loaded.tokenizers.text
    if tokenizer.mask is None:
        raise UserError("the tokenizer has no mask token: the model was not trained to fill")
    if not 1 <= top_k <= tokenizer.vocabulary:
        raise UserError(f"top_k must be between 1 and {tokenizer.vocabulary}, the number of tokens")
    frame = around_window(tokenizer)
    rows = [frame.around(tokenizer.encode(text, special=True)) for text in texts]
    mask = tokenizer.pieces([tokenizer.mask])[0]
    for text, row in zip(texts, rows, strict=True):
        if tokenizer.mask not in row:
            raise UserError(f"there is no {mask} in {text!r}: write it where a word is to be filled in")
    require_fitting(rows, loaded.config.model.context)

    def candidates(logits: Tensor) -> list[list[Candidate]]:
        best = logits.double().softmax(dim=-1)[:, : tokenizer.vocabulary].topk(top_k, dim=-1)
        return [_named(tokenizer, *mask) for mask in zip(best.indices.tolist(), best.values.tolist(), strict=True)]

    def compute(tokens: Tensor, keep: Tensor | None) -> list[list[list[Candidate]]]:
        def read(head: nn.Module, hidden: Hidden) -> list[Tensor]:
            return [head(states[row == tokenizer.mask]) for states, row in zip(hidden.states, tokens, strict=True)]

        return [candidates(logits) for logits in loaded.model(tokens, attention_mask=keep, read=read)]

    return in_batches(rows, compute, device_of(loaded.model))


def _named(tokenizer: Tokenizer, tokens: Sequence[int], probabilities: Sequence[float]) -> list[Candidate]:
    return [Candidate(piece, p) for piece, p in zip(tokenizer.pieces(tokens), probabilities, strict=True)]
