"""A report on a trained language model: one self-contained HTML file with the model's real numbers.

`inspect_line` runs the model on a line of text; `write_report` inserts the results and the training curves into the
page in `page/` (HTML, CSS and scripts, joined into one file that opens offline).
"""

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from string import Template
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.files import write_text
from cutaway.tap import capture
from cutaway.text.tokenizer import Tokenizer

LARGEST_ATTENTION = 1_800_000  # bytes of the page, which with the rest stays below two megabytes
MOST_TRAINING_POINTS = 1_500  # more than a screen can show
SCRIPTS = ("dom", "color", "line", "loss", "overview", "next_tokens", "heads", "map", "looks", "main")

Curve = Sequence[tuple[int, float]]


class Line(NamedTuple):
    """The outputs of a model for a line of T tokens.

    Attributes:
        pieces: the tokens, readable.
        attention: the attention pattern: layer, head, query, key.
        next_tokens: after each position, the most likely tokens and their probabilities, best first.
        actual: after each position, the rank (1 = first) and log-probability of the token that follows; None after the
            last.
    """

    pieces: Sequence[str]
    attention: Float[np.ndarray, "L H T T"]
    next_tokens: Sequence[Sequence[tuple[str, float]]]
    actual: Sequence[tuple[int, float] | None]


@dataclass(frozen=True)
class Report:
    """The contents of the page.

    Attributes:
        title: the heading.
        facts: name to value, in the order of the page (parameters, tokens seen, minutes, ...).
        vocabulary: V; an untrained model has a loss of ln V.
        training: (step, nats per token) on training batches.
        validation: (step, nats per token) on held-out text.
        samples: (step, generated text).
        pieces, attention, next_tokens, actual: see `Line`.
    """

    title: str
    facts: Mapping[str, str]
    vocabulary: int
    training: Curve
    validation: Curve
    samples: Sequence[tuple[int, str]]
    pieces: Sequence[str]
    attention: Float[np.ndarray, "L H T T"]
    next_tokens: Sequence[Sequence[tuple[str, float]]]
    actual: Sequence[tuple[int, float] | None]


def inspect_line(model: nn.Module, tokenizer: Tokenizer, text: str, top: int = 8) -> Line:
    """Runs the model on a line, without dropout, and returns what the report shows of it.

    Args:
        model: maps tokens (1, T) to logits (1, T, V) and taps `decoder.{i}.self_attention.pattern`.
        tokenizer: of the model.
        text: the line; it must fit the model's context.
        top: the number of candidates after each position.

    Raises:
        UserError: the line has no token, or too many for a page.
    """
    ids = tokenizer.encode(text)
    if not ids:
        raise UserError("the line has no token: give some text")
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), capture(model, "decoder.*.self_attention.pattern") as trace:
            logits = model(torch.tensor([ids], device=device))[0]  # (T, V)
    finally:
        model.train(was_training)
    attention = torch.stack([weights[0].float() for weights in trace.values()])  # (L, H, T, T)
    _check_fits(attention)
    log_probabilities = logits.float().log_softmax(dim=-1).cpu()
    order = log_probabilities.argsort(dim=-1, descending=True, stable=True)  # (T, V)
    return Line(
        pieces=tokenizer.pieces(ids),
        attention=attention.cpu().numpy(),
        next_tokens=_likeliest(order, log_probabilities, tokenizer, top),
        actual=_judge(order, log_probabilities, ids),
    )


def write_report(path: Path, report: Report) -> None:
    """Writes the page completely, or leaves the old one.

    Raises:
        ValueError: a query attends to a later key, so the model is not causal; or a number is not finite.
        JobError: the disk is full, or the folder cannot be written to.
    """
    page = files("cutaway.interpret") / "page"
    text = Template((page / "report.html").read_text("utf-8")).substitute(
        title=html.escape(report.title),
        style=(page / "report.css").read_text("utf-8"),
        # JSON allows any character to be escaped; without "<", no text can end its HTML element.
        data=json.dumps(_page_data(report), allow_nan=False).replace("<", "\\u003c"),
        script="\n".join((page / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    )
    write_text(path, text)


def _check_fits(attention: Float[Tensor, "L H T T"]) -> None:
    heads, length = attention.shape[0] * attention.shape[1], attention.shape[-1]
    numbers = LARGEST_ATTENTION * 3 // 4 // 4  # base64 makes four bytes of three, and a float has four bytes
    most = (math.isqrt(8 * numbers // heads + 1) - 1) // 2  # T with T (T + 1) / 2 numbers per head
    if length > most:
        raise UserError(f"the line has {length} tokens, but a report on {heads} heads has room for {most}: shorten it")


def _likeliest(
    order: Int[Tensor, "T V"], log_probabilities: Float[Tensor, "T V"], tokenizer: Tokenizer, top: int
) -> list[list[tuple[str, float]]]:
    best = order[:, :top]
    probabilities = log_probabilities.gather(1, best).exp()
    return [
        list(zip(tokenizer.pieces(ids), row, strict=True))
        for ids, row in zip(best.tolist(), probabilities.tolist(), strict=True)
    ]


def _judge(
    order: Int[Tensor, "T V"], log_probabilities: Float[Tensor, "T V"], ids: Sequence[int]
) -> list[tuple[int, float] | None]:
    """The rank and log-probability of each token that follows."""
    followers = torch.tensor(ids[1:], dtype=torch.int64)[:, None]  # (T - 1, 1)
    ranks = 1 + (order[:-1] == followers).int().argmax(dim=1)
    own = log_probabilities[:-1].gather(1, followers)[:, 0]
    return [*zip(ranks.tolist(), own.tolist(), strict=True), None]


def _page_data(report: Report) -> dict[str, Any]:
    training, stretch = _thinned(report.training)
    return {
        "title": report.title,
        "facts": list(report.facts.items()),
        "vocabulary": report.vocabulary,
        "training": training,
        "training_mean_of": stretch,
        "validation": [(int(step), float(loss)) for step, loss in report.validation],
        "samples": list(report.samples),
        "pieces": list(report.pieces),
        "attention": _packed(report.attention),
        "next_tokens": report.next_tokens,
        "actual": report.actual,
    }


def _thinned(curve: Curve) -> tuple[list[tuple[int, float]], int]:
    """Replaces each run of n points by its mean and last step; returns n too."""
    stretch = max(1, math.ceil(len(curve) / MOST_TRAINING_POINTS))
    groups = [curve[start : start + stretch] for start in range(0, len(curve), stretch)]
    return [(int(group[-1][0]), fmean(loss for _, loss in group)) for group in groups], stretch


def _packed(attention: Float[np.ndarray, "L H T T"]) -> dict[str, Any]:
    """The lower triangles with the diagonal, row by row, as base64 of little-endian floats, without loss."""
    if np.triu(attention, 1).any() or not np.isfinite(attention).all():
        raise ValueError("the attention pattern has weight on a later token, or is not finite: the model is not causal")
    rows, columns = np.tril_indices(attention.shape[-1])
    triangles = attention[:, :, rows, columns].astype("<f4")
    return {"shape": list(attention.shape), "lower_triangles": base64.b64encode(triangles.tobytes()).decode("ascii")}
