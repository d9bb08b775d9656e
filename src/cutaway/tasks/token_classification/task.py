"""Token classification: sentences with a tag for each word, their tokens, the loss and its figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from cutaway.data.examples import Tagged
from cutaway.data.padding import pad, pad_with_mask
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, judge_tokens
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.rows.labels import number_of
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_text


@dataclass(frozen=True)
class WordsRow:
    """Token ids; where each word begins; and for each token the number of a tag, or `IGNORED` inside a word."""

    tokens: list[int]
    starts: list[int]
    targets: list[int]

    @property
    def lengths(self) -> tuple[int]:
        """How long the sentence is."""
        return (len(self.tokens),)


def align(tokenizer: Tokenizer, words: Sequence[str]) -> tuple[list[int], list[int]]:
    """A sentence's tokens, with what stands around them, and the place of each word's first token."""
    pieces = tokenizer.encode_words(words)
    frame = around_text(tokenizer)
    place = len(frame.before)
    starts = []
    for word in pieces:
        starts.append(place)
        place += len(word)
    return frame.around([token for word in pieces for token in word]), starts


def word_rows(
    tokenizer: Tokenizer, examples: Sequence[Tagged], known: Sequence[str], limit: int, counted: Counter[str]
) -> list[WordsRow]:
    """Sentences as tokens and tags; those of more than `limit` tokens are left out, and counted.

    Raises:
        UserError: a tag is none that the model knows.
    """
    rows = []
    for example in examples:
        tokens, starts = align(tokenizer, example.words)
        targets = [IGNORED] * len(tokens)
        for start, tag in zip(starts, example.tags, strict=True):
            targets[start] = number_of(tag, known)
        rows.append(WordsRow(tokens, starts, targets))
    fitting = [row for row in rows if len(row.tokens) <= limit]
    if len(fitting) < len(rows):
        counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
    return fitting


@runtime_checkable
class LabelledTokens(Protocol):
    """Token ids, and the number of a label for each, or `IGNORED`."""

    @property
    def tokens(self) -> Sequence[int]:
        """The ids."""

    @property
    def targets(self) -> Sequence[int]:
        """The labels."""


class TokenClassification:
    """Cross-entropy of each label, in nats.

    Args:
        logits: how many are held at once in training.
    """

    def __init__(self, *, logits: Logits = "parts") -> None:
        self._logits: Logits = logits

    def collate(self, examples: Sequence[LabelledTokens], device: torch.device) -> Batch:
        """Pads at the ends."""
        arrays = pad_with_mask([row.tokens for row in examples], "tokens", "attention_mask")
        return to_tensors({**arrays, "targets": pad([row.targets for row in examples], IGNORED)}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(label) over all tokens that have one."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)

        return model(batch["tokens"], attention_mask=batch.get("attention_mask"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The same; how many labels were right; how many rows there were, and how many were right throughout."""
        targets = batch["targets"]

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return judge_tokens(head, hidden.states, targets)

        loss, right = model(batch["tokens"], attention_mask=batch.get("attention_mask"), read=read)
        wrong = torch.zeros_like(targets, dtype=torch.bool)
        wrong[targets != IGNORED] = ~right
        return {
            "loss": loss,
            "count": torch.tensor(len(right)),
            "correct": right.sum(),
            "rows": torch.tensor(len(targets)),
            "right_rows": (~wrong.any(dim=1)).sum(),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a label in nats, and the shares of labels and of whole rows that are right."""
        return {
            "loss": sums["loss"] / sums["count"],
            "accuracy": sums["correct"] / sums["count"],
            "exact": sums["right_rows"] / sums["rows"],
        }
