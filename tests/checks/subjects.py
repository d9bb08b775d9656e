"""Sound models of every kind, with their tokenizers."""

from copy import deepcopy
from typing import Any

from cutaway.checks.example_batches import TARGET
from cutaway.checks.subject import Subject, make_subject
from cutaway.config.run import RunConfig
from cutaway.text.post_processor import PostProcessor
from text.kinds import READERS, WRITERS
from variants import LATENT, config_of, variant

TOKENIZERS = {"byte": WRITERS["byte"], "wordpiece": READERS["wordpiece"], "unigram": WRITERS["unigram"]}
SQUARE = {"heads": 10, "kv_heads": 5, "head_width": 2}
"""So that a matrix may be turned over unnoticed."""

SUBJECTS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "writer": (
        "byte",
        "language_modeling",
        {
            "position": "rotary",
            "attention": SQUARE,
            "head": {"bias": True},
            "dropout": 0.3,
            "multi_token_prediction": 1,
            "context": 90,
        },
    ),
    "reader": (
        "wordpiece",
        "masked_language_modeling",
        {"architecture": "encoder", "embedding": {"segments": 2}, "head": {"transform": "gelu", "bias": True}},
    ),
    "translator": (
        "unigram",
        "sequence_to_sequence",
        {"architecture": "encoder_decoder", "position": "sinusoidal", "context": 90},
    ),
    "windowed writer": (
        "byte",
        "language_modeling",
        {
            "position": {"kind": "rotary", "scaling": {"kind": "llama3", "factor": 3.0, "trained_context": 70}},
            "attention": {"kv_heads": 2, "window": 66, "softcap": 2.0},
            "context": 90,
        },
    ),
    "bucketing translator": (
        "unigram",
        "sequence_to_sequence",
        {
            "architecture": "encoder_decoder",
            "position": {"kind": "relative", "max_distance": 80},
            "attention": {"window": 19},
            "context": 100,
        },
    ),
    "latent writer": (
        "byte",
        "language_modeling",
        {"position": "rotary", "attention": LATENT | {"softcap": 2.0}, "context": 90},
    ),
    "judge": (
        "wordpiece",
        "sequence_classification",
        {"architecture": "encoder", "head": {"kind": "sequence", "labels": 3, "pooling": "mean"}},
    ),
}
"""By name: the tokenizer, the task and the model's choices."""


def subject(name: str) -> Subject:
    """A new one of this name; what is told of it elsewhere is what it says before anything is changed."""
    kind, task, choices = SUBJECTS[name]
    tokenizer = deepcopy(TOKENIZERS[kind])
    choices = {"vocabulary": tokenizer.vocabulary, **choices}
    model = variant(**choices)
    config = RunConfig.model_validate({"model": config_of(**choices), "task": task})
    sound, own = deepcopy(model).eval(), deepcopy(tokenizer)
    frame = own.frame or PostProcessor()
    return make_subject(model, config, {TARGET: tokenizer}, sound, lambda text: frame.around(own.encode(text)))
