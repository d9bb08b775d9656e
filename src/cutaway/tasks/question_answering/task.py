"""Extractive question answering: the span of a context that answers a question (Devlin et al. 2019, section 4.2)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.config.data import DataConfig
from cutaway.data.examples import Question
from cutaway.data.grouping import TOKENS_AT_ONCE
from cutaway.data.padding import pad, pad_with_mask
from cutaway.data.tables.squad import read_squad
from cutaway.errors import UserError
from cutaway.files import parse_json
from cutaway.metrics.answers import answer_report
from cutaway.metrics.report import Report
from cutaway.model.device import device_of
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.example_task import ExampleTask
from cutaway.tasks.predictions import Answer
from cutaway.tasks.question_answering.config import QuestionAnsweringConfig
from cutaway.tasks.question_answering.context_windows import QuestionRow, Windowing
from cutaway.tasks.task import EvaluationOptions, LoadedModel, Tokenizers
from cutaway.text.special import UNDERSTANDING

ENDS = 2
"""The head has two labels: the first and the last token of the answer."""


class QuestionAnswering:
    """Cross-entropy of the first and of the last token of the answer, halved and added, in nats.

    The target of a window without the answer is its first token.

    Args:
        segments: whether the model has segments for question and context.
    """

    def __init__(self, *, segments: bool) -> None:
        self._segments = segments

    def collate(self, examples: Sequence[QuestionRow], device: torch.device) -> Batch:
        """Pads at the ends."""
        arrays = {
            **pad_with_mask([row.tokens for row in examples], "tokens", "attention_mask"),
            "targets": pad([row.target for row in examples], 0),
        }
        if self._segments:
            arrays["segments"] = pad([row.segments for row in examples], 0)
        return to_tensors(arrays, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums over the windows."""
        total = F.cross_entropy(span_logits(model, batch), batch["targets"], reduction="sum") / 2
        return total, torch.tensor(len(batch["targets"]))

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss, and the number of windows with both ends right."""
        logits, targets = span_logits(model, batch), batch["targets"]
        return {
            "loss": F.cross_entropy(logits, targets, reduction="sum") / 2,
            "count": torch.tensor(len(targets)),
            "correct": (logits.argmax(dim=1) == targets).all(dim=1).sum(),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss per window in nats, and the fraction of windows that are right."""
        return {"loss": sums["loss"] / sums["count"], "accuracy": sums["correct"] / sums["count"]}


def span_logits(model: Model, batch: Batch) -> Tensor:
    """Logits of each token as the first and the last of the answer, (B, T, 2); padding is masked."""
    segments = {"segments": batch["segments"]} if "segments" in batch else {}
    logits: Tensor = model(batch["tokens"], attention_mask=batch.get("attention_mask"), **segments).float()
    if "attention_mask" in batch:
        logits = logits.masked_fill(~batch["attention_mask"][:, :, None], torch.finfo(logits.dtype).min)
    return logits


class QuestionAnsweringTask(ExampleTask[QuestionAnsweringConfig, Question]):
    """Answers questions in the words of a context."""

    example = Question
    special_tokens = UNDERSTANDING

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Question]:
        """Reads the JSON of SQuAD."""
        return read_squad(path, data, skipped)

    def texts(self, example: Question) -> tuple[Iterable[str], Iterable[str]]:
        """Question and context are read."""
        return (example.question, example.context), ()

    def expected_labels(self) -> int:
        """The head scores both ends."""
        return ENDS

    def rows(self, tokenizers: Tokenizers, examples: Sequence[Question], counted: Counter[str]) -> list[QuestionRow]:
        """Windows over the contexts, with the positions of the answers."""
        found = list(self.windowing(tokenizers).answered(examples))
        if len(found) > len(examples):
            counted["windows over contexts that were too long for one"] += len(found) - len(examples)
        return found

    def windowing(self, tokenizers: Tokenizers) -> Windowing:
        """How contexts are divided into windows."""
        return Windowing(tokenizers.text, self.config.model.context, self.task_config.stride)

    def objective(self, rows: Sequence[Any]) -> QuestionAnswering:
        """Cross-entropy of both ends."""
        return QuestionAnswering(segments=self.config.model.segments > 1)

    def placeholder_row(self) -> QuestionRow:
        """A window of the longest length."""
        return QuestionRow([0] * self.config.model.context, 1, [])

    def read_input(self, text: str) -> tuple[str, str]:
        """A question and its context, from a JSON object with these two keys.

        Raises:
            UserError: the text is something else.
        """
        try:
            given = parse_json(text)
            return given["question"], given["context"]
        except (ValueError, TypeError, KeyError):
            raise UserError('give a question with its context as {"question": "…", "context": "…"}') from None

    @torch.inference_mode()
    def predict(self, loaded: LoadedModel, inputs: Sequence[tuple[str, str]]) -> list[Answer]:
        """The best span of each context, over all its windows (see `Pipeline.answer`)."""
        windowing = self.windowing(loaded.tokenizers)
        rows = [windowing.rows(question, context) for question, context in inputs]
        spans = iter(self._spans(loaded, [row for windows in rows for row in windows]))
        answers = []
        for (_, context), windows in zip(inputs, rows, strict=True):
            start, end, probability = max((next(spans) for _ in windows), key=lambda span: span[2])
            text = context[start:end]
            begin = start + len(text) - len(text.lstrip())
            answers.append(Answer(text.strip(), begin, begin + len(text.strip()), probability))
        return answers

    def _spans(self, loaded: LoadedModel, rows: Sequence[QuestionRow]) -> list[tuple[int, int, float]]:
        """The characters of each row's best span, and its probability."""
        objective, device = self.objective(rows), device_of(loaded.model)
        found: dict[int, tuple[int, int, float]] = {}
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].tokens))
        size = max(1, TOKENS_AT_ONCE // self.config.model.context)
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            logits = span_logits(loaded.model, objective.collate([rows[i] for i in chosen], device))
            for i, row_logits in zip(chosen, logits.double().log_softmax(dim=1), strict=True):
                found[i] = _best(rows[i], row_logits, self.task_config.longest_answer)
        return [found[i] for i in range(len(rows))]

    def measure(self, loaded: LoadedModel, examples: Sequence[Question], options: EvaluationOptions) -> Report:
        """Exact match and F1 of the answers."""
        found = self.predict(loaded, [(example.question, example.context) for example in examples])
        true = [[answer.text for answer in example.answers] for example in examples]
        return answer_report([one.answer for one in found], true)


def _best(row: QuestionRow, log_probabilities: Tensor, longest: int) -> tuple[int, int, float]:
    inside = log_probabilities[row.begin : row.begin + len(row.offsets)]
    scores = inside[:, 0, None] + inside[None, :, 1]  # (W, W): first token, last token
    allowed = torch.ones_like(scores, dtype=torch.bool).triu().tril(longest - 1)
    best = int(scores.masked_fill(~allowed, -torch.inf).argmax())
    first, last = divmod(best, len(row.offsets))
    return row.offsets[first][0], row.offsets[last][1], float(scores[first, last].exp())
