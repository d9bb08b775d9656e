"""Small models with random weights for every verb, and texts to ask them about.

They stand in training mode, with much dropout: a verb that does not turn it off says something else each time.
"""

from dataclasses import is_dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from cutaway.config.run import RunConfig
from cutaway.pipeline import Pipeline
from cutaway.text.tokenizer import Tokenizer
from generation.translators import translator
from text.kinds import READERS, WRITERS, train
from variants import variant

CONTEXT = 31
READER, WRITER = READERS["wordpiece"], WRITERS["bpe"]
TEXTS = ["low", "the cat sat on the mat", "newest, wider and lower", "it", "a dog isn't wide, naïve or new"]
LONG = "low lower lowest " * 11
CONTEXTS = ["the cat sat on the mat", "low lower lowest " * 5 + "wide", "new"]
LABELS = ["red", "green", "blue"]
PATCHES = {"kind": "patches", "patch": 2, "channels": 3, "height": 6, "width": 8, "cls": False}
PICTURES = [
    np.random.default_rng(i).integers(256, size=size, dtype=np.uint8)
    for i, size in enumerate([(6, 8, 3), (6, 8, 3), (4, 10, 3), (6, 8, 3), (2, 2, 3)])
]
"""Of three sizes, which places that are interpolated take."""

LANGUAGE = {"transform": "gelu", "bias": True}
ONE_EACH = {"kind": "sequence", "labels": len(LABELS)}
TAGS = {"kind": "token", "labels": len(LABELS)}
ENDS = {"kind": "token", "labels": 2}

TASKS: dict[str, dict[str, Any]] = {
    "fill": {"task": "masked_language_modeling", "head": LANGUAGE},
    "classify": {"task": {"kind": "sequence_classification", "labels": LABELS}, "head": ONE_EACH},
    "classify by several": {
        "task": {"kind": "sequence_classification", "labels": LABELS, "problem": "multi_label"},
        "head": ONE_EACH,
    },
    "classify by number": {
        "task": {"kind": "sequence_classification", "problem": "regression"},
        "head": {"kind": "sequence", "labels": 1, "pooling": "cls", "hidden": True},
    },
    "tag": {"task": {"kind": "token_classification", "labels": LABELS}, "head": TAGS},
    "answer": {
        "task": {"kind": "question_answering", "stride": 4, "longest_answer": 5},
        "head": ENDS,
        "embedding": {"segments": 2},
    },
    "sort": {
        "task": {"kind": "algorithmic", "operation": "sort", "symbols": 20},
        "head": {"kind": "token", "labels": 20},
        "vocabulary": 20,
    },
    "reverse": {
        "task": {"kind": "algorithmic", "operation": "reverse", "symbols": 20},
        "head": {"kind": "token", "labels": 20},
        "vocabulary": 20,
    },
}

SEEN = {"mean": [128.0] * 3, "std": [74.0] * 3}
PICTURED = {
    "classify images": {
        "task": {"kind": "image_classification", "labels": LABELS, "values": "bytes", **SEEN},
        "head": ONE_EACH,
        "embedding": PATCHES,
    }
}


@cache
def pipeline(name: str) -> Pipeline:
    """The one that has this verb."""
    if name == "translate":
        model = translator(vocabulary=WRITER.vocabulary, dropout=0.5).train()
        model.head.projection.bias[WRITER.end] += 3  # of so many tokens it would hardly ever be drawn
        return made(model, WRITER, "sequence_to_sequence", architecture="encoder_decoder")
    if name == "caption":
        seen = {"architecture": "encoder_decoder", "source_embedding": PATCHES}
        model = translator(vocabulary=WRITER.vocabulary, dropout=0.5, position="learned", **seen).train()
        model.head.projection.bias[WRITER.end] += 3
        task = {"kind": "image_captioning", **SEEN}
        return made(model, WRITER, task, **seen)
    if name == "generate":
        plain = train("char")
        return made(variant(vocabulary=plain.vocabulary, dropout=0.5), plain, "language_modeling")
    choices = {"architecture": "encoder", "vocabulary": READER.vocabulary, "dropout": 0.5, **(TASKS | PICTURED)[name]}
    task = choices.pop("task")
    return made(variant(**choices), READER, task, **choices)


def made(model: Any, tokenizer: Tokenizer, task: Any, **choices: Any) -> Pipeline:
    """A pipeline whose config tells what its verbs ask for."""
    config = {"model": {"context": CONTEXT, "vocabulary": tokenizer.vocabulary, **choices}, "task": task}
    return Pipeline(model, tokenizer, RunConfig.model_validate(config))


def assert_alike(found: Any, expected: Any) -> None:
    """The same but for the last digits of numbers."""
    assert type(found) is type(expected)
    if is_dataclass(expected):
        assert_alike(vars(found), vars(expected))
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_alike(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    else:
        assert found == expected
