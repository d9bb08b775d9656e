"""For every task eight small examples, different in length, and the model that can learn them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.data.input_formats import IMAGES
from cutaway.data.padding import length_mask, pad
from cutaway.data.text.masking import Masking
from cutaway.nn.losses import IGNORED
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.tasks.algorithmic.task import make_rows
from cutaway.tasks.base import Objective
from cutaway.tasks.classification import SequenceClassification
from cutaway.tasks.image_captioning.task import CaptionRow
from cutaway.tasks.labels import LabelledRow
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModeling
from cutaway.tasks.question_answering.task import QuestionAnswering, QuestionRow
from cutaway.tasks.sequence_to_sequence.task import PairRow, SequenceToSequence
from cutaway.tasks.token_classification.task import TokenClassification, WordsRow

VOCABULARY, CONTEXT, LABELS, EXAMPLES = 23, 14, 3, 8
BEGIN, SEPARATOR, MASK, FIRST = 2, 3, 4, 5
PATCHES = {"kind": "patches", "patch": 2, "channels": 2, "height": 4, "width": 6}
WRITES_WHAT_IT_SEES = {"architecture": "encoder_decoder", "source_embedding": PATCHES}
SEES = {"architecture": "encoder", "embedding": PATCHES}


@dataclass(frozen=True)
class Pupil:
    """What is learnt: the task, its rows, the model's choices, and how rows become what the task collates."""

    objective: Objective
    rows: Sequence[Any]
    model: dict[str, Any]
    batch: Callable[[Sequence[Any]], Any] = list
    figure: str = "accuracy"
    """The share that is right."""
    masks: bool = True
    """Whether examples of several lengths need a mask."""


def tokens(rng: np.random.Generator, shortest: int = 3) -> list[int]:
    return rng.integers(FIRST, VOCABULARY, size=rng.integers(shortest, 9)).tolist()


def hidden_windows(rng: np.random.Generator) -> list[tuple[list[int], list[int]]]:
    masking = Masking(MASK, range(FIRST, VOCABULARY), share=0.4, masked=0.8, random=0.1)
    hidden = [masking.hide(np.array([tokens(rng, 5)]), rng) for _ in range(EXAMPLES)]
    return [(shown[0].tolist(), targets[0].tolist()) for shown, targets in hidden]


def padded_windows(rows: Sequence[tuple[list[int], list[int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shown, targets = zip(*rows, strict=True)
    return pad(shown, 0), pad(targets, IGNORED), length_mask(np.array([len(row) for row in shown], np.int64))


def pair(rng: np.random.Generator) -> PairRow:
    return PairRow([*tokens(rng), SEPARATOR], [BEGIN, *tokens(rng, 2), SEPARATOR])


def captioned(rng: np.random.Generator) -> CaptionRow:
    return CaptionRow(rng.normal(size=(2, 4, 6)).astype(np.float32), [BEGIN, *tokens(rng, 2), SEPARATOR], 6)


def sentence(rng: np.random.Generator, problem: str) -> LabelledRow:
    targets = {
        "single_label": (float(rng.integers(LABELS)),),
        "multi_label": tuple(rng.integers(2, size=LABELS).astype(float).tolist()),
        "regression": (float(rng.normal()),),
    }
    row = [BEGIN, *tokens(rng), SEPARATOR]
    return LabelledRow(row, len(row), targets[problem])


def imaged(rng: np.random.Generator) -> LabelledRow:
    return LabelledRow(rng.normal(size=(2, 4, 6)).astype(np.float32), 6, (float(rng.integers(LABELS)),))


def tagged(rng: np.random.Generator) -> WordsRow:
    row = [BEGIN, *tokens(rng), SEPARATOR]
    starts = list(range(1, len(row) - 1, 2))
    targets = [int(rng.integers(LABELS)) if place in starts else IGNORED for place in range(len(row))]
    return WordsRow(row, starts, targets)


def question(rng: np.random.Generator) -> QuestionRow:
    asked, window = tokens(rng)[:3], tokens(rng)
    begin = len(asked) + 2
    first, last = sorted(rng.integers(begin, begin + len(window), size=2).tolist())
    offsets = [(place, place + 1) for place in range(len(window))]
    return QuestionRow([BEGIN, *asked, SEPARATOR, *window, SEPARATOR], begin, offsets, (first, last))


def pupils() -> dict[str, Pupil]:
    """By name."""
    rng = np.random.default_rng(3)

    def eight(make: Callable[..., Any], *given: Any) -> list[Any]:
        return [make(rng, *given) for _ in range(EXAMPLES)]

    encoder = {"architecture": "encoder"}
    tagger = {**encoder, "head": {"kind": "token", "labels": LABELS}}
    sorting = AlgorithmicConfig(operation="sort", length=5, symbols=11)
    return {
        "masked language modelling": Pupil(MaskedLanguageModeling(), hidden_windows(rng), encoder, padded_windows),
        "sequence to sequence": Pupil(SequenceToSequence(0.1), eight(pair), {"architecture": "encoder_decoder"}),
        "captioning": Pupil(SequenceToSequence(0.1, IMAGES), eight(captioned), WRITES_WHAT_IT_SEES, masks=False),
        **{
            f"classification, {problem}": Pupil(
                SequenceClassification(problem),
                eight(sentence, problem),
                {**encoder, "head": {"kind": "sequence", "labels": 1 if problem == "regression" else LABELS}},
            )
            for problem in ("single_label", "multi_label", "regression")
        },
        "classification of images": Pupil(
            SequenceClassification("single_label", inputs=IMAGES),
            eight(imaged),
            SEES | {"head": {"kind": "sequence", "labels": LABELS}},
            masks=False,
        ),
        "tagging": Pupil(TokenClassification(), eight(tagged), tagger, figure="exact"),
        "question answering": Pupil(
            QuestionAnswering(segments=True),
            eight(question),
            {**encoder, "embedding": {"segments": 2}, "head": {"kind": "token", "labels": 2}},
        ),
        "sorting": Pupil(
            TokenClassification(),
            [row for length in (3, 4) for row in make_rows(sorting, 4, length, 7)],
            {**encoder, "head": {"kind": "token", "labels": 11}},
            figure="exact",
        ),
    }


PUPILS = pupils()
