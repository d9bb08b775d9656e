"""Token classification: a tag per word of a sentence, such as entities and parts of speech."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from cutaway.config.data import DataConfig
from cutaway.config.run import RunConfig
from cutaway.data.examples import Tagged
from cutaway.data.grouping import in_batches
from cutaway.data.padding import pad, pad_with_mask
from cutaway.data.tables.tagged import read_tagged
from cutaway.errors import quoted
from cutaway.metrics.classes import classification_report
from cutaway.metrics.entities import are_entities, entity_report
from cutaway.metrics.report import Report
from cutaway.model.device import device_of
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, judge_tokens
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.dataset import with_labels, with_task
from cutaway.tasks.example_task import ExampleTask, without_longer
from cutaway.tasks.labels import number_of
from cutaway.tasks.predictions import TaggedWord
from cutaway.tasks.task import EvaluationOptions, LoadedModel, Tokenizers
from cutaway.tasks.texts import require_fitting
from cutaway.tasks.token_classification.config import TokenClassificationConfig
from cutaway.text.special import UNDERSTANDING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_text


@dataclass(frozen=True)
class WordsRow:
    """Token ids, the index of each word's first token, and the tag of each token, `IGNORED` inside a word."""

    tokens: list[int]
    starts: list[int]
    targets: list[int]

    @property
    def lengths(self) -> tuple[int]:
        """Tokens of the sentence."""
        return (len(self.tokens),)


def align(tokenizer: Tokenizer, words: Sequence[str]) -> tuple[list[int], list[int]]:
    """A sentence's tokens with the special tokens around them, and the index of each word's first token."""
    pieces = tokenizer.encode_words(words)
    special = around_text(tokenizer)
    start = len(special.before)
    starts = []
    for word in pieces:
        starts.append(start)
        start += len(word)
    return special.around([token for word in pieces for token in word]), starts


def word_rows(
    tokenizer: Tokenizer, examples: Sequence[Tagged], known: Sequence[str], limit: int, counted: Counter[str]
) -> list[WordsRow]:
    """Sentences as tokens and tags; those with more than `limit` tokens are left out and counted.

    Raises:
        UserError: the model has no such tag.
    """
    rows = []
    for example in examples:
        tokens, starts = align(tokenizer, example.words)
        targets = [IGNORED] * len(tokens)
        for start, tag in zip(starts, example.tags, strict=True):
            targets[start] = number_of(tag, known)
        rows.append(WordsRow(tokens, starts, targets))
    return without_longer(rows, limit, counted)


@runtime_checkable
class LabelledTokens(Protocol):
    """Token ids, and a label index for each, or `IGNORED`."""

    @property
    def tokens(self) -> Sequence[int]:
        """The ids."""

    @property
    def targets(self) -> Sequence[int]:
        """The labels."""


class TokenClassification:
    """Cross-entropy of each label, in nats.

    Args:
        logits: how many are in memory at once in training.
    """

    def __init__(self, *, logits: Logits = "parts") -> None:
        self._logits: Logits = logits

    def collate(self, examples: Sequence[LabelledTokens], device: torch.device) -> Batch:
        """Pads at the ends."""
        arrays = pad_with_mask([row.tokens for row in examples], "tokens", "attention_mask")
        return to_tensors({**arrays, "targets": pad([row.targets for row in examples], IGNORED)}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(label) over all labelled tokens."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)

        return model(batch["tokens"], attention_mask=batch.get("attention_mask"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss, and the numbers of right labels, of rows, and of completely right rows."""
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
        """Loss per label in nats, and the fractions of labels and of whole rows that are right."""
        return {
            "loss": sums["loss"] / sums["count"],
            "accuracy": sums["correct"] / sums["count"],
            "exact": sums["right_rows"] / sums["rows"],
        }


class TokenClassificationTask(ExampleTask[TokenClassificationConfig, Tagged]):
    """Tags words."""

    example = Tagged
    special_tokens = UNDERSTANDING
    advice_on_labels = "the word is in the first column, and its tag in the last"

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Tagged]:
        """Reads columns, as the CoNLL shared tasks have them."""
        return read_tagged(path, data, skipped)

    def label_sets(self, example: Tagged) -> Iterable[tuple[str, ...]]:
        """One decision per word."""
        return [(tag,) for tag in example.tags]

    def labelled(self, example: Tagged) -> tuple[str, ...]:
        """Its words."""
        return example.words

    def fit(self, examples: Sequence[Tagged]) -> RunConfig:
        """Takes the tags from the examples, unless they are chosen."""
        labels = self.task_config.labels or tuple(sorted({tag for example in examples for tag in example.tags}))
        return with_labels(with_task(self.config, labels=labels), len(labels))

    def rows(self, tokenizers: Tokenizers, examples: Sequence[Tagged], counted: Counter[str]) -> list[WordsRow]:
        """Words as tokens, tags as numbers."""
        labels, limit = self.task_config.labels or (), self.config.model.context
        return word_rows(tokenizers.text, examples, labels, limit, counted)

    def objective(self, rows: Sequence[Any]) -> TokenClassification:
        """Cross-entropy."""
        return TokenClassification()

    def placeholder_row(self) -> WordsRow:
        """Token 0 with tag 0, repeated."""
        tokens = [0] * self.config.model.context
        return WordsRow(tokens, tokens, tokens)

    def predict(self, loaded: LoadedModel, inputs: Sequence[str]) -> list[list[TaggedWord]]:
        """The tags of each text (see `Pipeline.tag`)."""
        return self.tag(loaded, [text.split() for text in inputs])

    @torch.inference_mode()
    def tag(self, loaded: LoadedModel, sentences: Sequence[Sequence[str]]) -> list[list[TaggedWord]]:
        """The likeliest tag of each word: that of the word's first token."""
        model, labels = loaded.model, self.task_config.labels or ()
        aligned = [align(loaded.tokenizers.text, words) for words in sentences]
        rows = [tokens for tokens, _ in aligned]
        require_fitting(rows, self.config.model.context)
        logits = in_batches(rows, lambda tokens, mask: model(tokens, attention_mask=mask), device_of(model))
        tagged = []
        for words, (_, starts), row in zip(sentences, aligned, logits, strict=True):
            best = row[starts].double().softmax(dim=-1).max(dim=-1)
            tagged.append(
                [
                    TaggedWord(word, labels[index], probability)
                    for word, index, probability in zip(words, best.indices.tolist(), best.values.tolist(), strict=True)
                ]
            )
        return tagged

    def measure(self, loaded: LoadedModel, examples: Sequence[Tagged], options: EvaluationOptions) -> Report:
        """Precision, recall and F1 of entities; for other tags, such as parts of speech, of each tag, with a note."""
        found = [[one.tag for one in row] for row in self.tag(loaded, [example.words for example in examples])]
        true = [example.tags for example in examples]
        labels = self.task_config.labels or ()
        if are_entities(labels):
            return entity_report(found, true)
        report = classification_report(list(chain(*found)), list(chain(*true)), labels)
        other = next(tag for tag in labels if not are_entities([tag]))
        return Report(
            report.figures,
            {"macro_f1": f"by tag, not by entity: {quoted(other)} is of no known scheme (IOB, BIOES, BILOU)"},
            report.parts,
        )
