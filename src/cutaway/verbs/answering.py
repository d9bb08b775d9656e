"""Answers to questions, in the words of a context."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from cutaway.config.model import ModelConfig
from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer
from cutaway.tasks.question_answering.config import QuestionAnsweringConfig
from cutaway.tasks.question_answering.task import QuestionAnswering, QuestionRow, Windowing, span_logits
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import TOKENS_AT_ONCE


@torch.inference_mode()
def answer(
    model: Transformer,
    tokenizer: Tokenizer,
    config: ModelConfig,
    task: QuestionAnsweringConfig,
    questions: Sequence[tuple[str, str]],
) -> list[dict[str, Any]]:
    """The best span of each context, over all windows of it (see `Pipeline.answer`)."""
    windowing = Windowing(tokenizer, config.context, task.stride)
    rows = [windowing.rows(question, context) for question, context in questions]
    flat = [row for windows in rows for row in windows]
    spans = iter(_spans(model, config, flat, task.longest_answer))
    answers = []
    for (_, context), windows in zip(questions, rows, strict=True):
        start, end, probability = max((next(spans) for _ in windows), key=lambda span: span[2])
        text = context[start:end]
        begin = start + len(text) - len(text.lstrip())
        answers.append(
            {"answer": text.strip(), "start": begin, "end": begin + len(text.strip()), "probability": probability}
        )
    return answers


def _spans(
    model: Transformer, config: ModelConfig, rows: Sequence[QuestionRow], longest: int
) -> list[tuple[int, int, float]]:
    """For each row the characters of its best span, and its probability."""
    task = QuestionAnswering(segments=config.segments > 1)
    found: dict[int, tuple[int, int, float]] = {}
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].tokens))
    size = max(1, TOKENS_AT_ONCE // config.context)
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        logits = span_logits(model, task.collate([rows[i] for i in chosen], device_of(model)))
        for i, row_logits in zip(chosen, logits.double().log_softmax(dim=1), strict=True):
            found[i] = _best(rows[i], row_logits, longest)
    return [found[i] for i in range(len(rows))]


def _best(row: QuestionRow, log_probabilities: Tensor, longest: int) -> tuple[int, int, float]:
    inside = log_probabilities[row.begin : row.begin + len(row.offsets)]
    scores = inside[:, 0, None] + inside[None, :, 1]  # (W, W): first token, last token
    allowed = torch.ones_like(scores, dtype=torch.bool).triu().tril(longest - 1)
    best = int(scores.masked_fill(~allowed, -torch.inf).argmax())
    first, last = divmod(best, len(row.offsets))
    return row.offsets[first][0], row.offsets[last][1], float(scores[first, last].exp())
