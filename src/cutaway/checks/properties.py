"""All that must hold of a model, in the order in which it is told."""

from collections.abc import Iterator

import torch

from cutaway.checks import batching, cached_decoding, computing, special_tokens, text, weights
from cutaway.checks.measure import Measurement, NotForThis, Property
from cutaway.checks.subject import Subject

DIFFERENCE = "of the largest logit"

PROPERTIES = (
    Property(
        "cached = uncached",
        DIFFERENCE,
        "token by token it writes something else than it learnt to",
        cached_decoding.cached_equals_uncached,
    ),
    Property(
        "changed cache = fresh",
        DIFFERENCE,
        "beam search mixes up its beams",
        cached_decoding.changed_cache_equals_fresh,
    ),
    Property(
        "future unseen",
        DIFFERENCE,
        "it sees what it is to predict: its loss says nothing",
        cached_decoding.future_is_unseen,
    ),
    Property(
        "batch = one by one",
        DIFFERENCE,
        "an answer depends on what is asked beside it",
        batching.batch_equals_one_by_one,
    ),
    Property(
        "padded left = alone",
        DIFFERENCE,
        "a shorter prompt in a batch is answered otherwise",
        batching.padded_left_equals_alone,
    ),
    Property(
        "padded right = alone",
        DIFFERENCE,
        "a shorter text in a batch is answered otherwise",
        batching.padded_right_equals_alone,
    ),
    Property(
        "padding inert",
        DIFFERENCE,
        "what stands at padding leaks into answers",
        batching.padding_is_inert,
    ),
    Property(
        "fused = plain",
        DIFFERENCE,
        "what is seen inside is not what it computes",
        computing.fused_equals_plain,
    ),
    Property(
        "deterministic",
        DIFFERENCE,
        "chance is left in, such as dropout",
        computing.passes_are_equal,
    ),
    Property(
        "bf16 near fp32",
        DIFFERENCE,
        "bf16 is too rough for it: use fp32",
        computing.bf16_is_near,
    ),
    Property(
        "CPU = device",
        DIFFERENCE,
        "this device computes something else",
        computing.processor_equals_device,
    ),
    Property(
        "same as transformers",
        DIFFERENCE,
        "it is not the model that its files describe",
        computing.reference_is_equal,
    ),
    Property(
        "saved = loaded",
        "weights or logits",
        "what comes back from disk is another model",
        weights.saved_equals_loaded,
    ),
    Property(
        "weights finite",
        "weights",
        "it diverged, or its file is damaged",
        weights.weights_are_finite,
    ),
    Property(
        "weights filled",
        "of equal neighbours",
        "part of a matrix was never filled",
        weights.weights_are_filled,
    ),
    Property(
        "weights used",
        "weights",
        "what is stored is never read",
        weights.weights_are_used,
    ),
    Property(
        "text comes back",
        "texts",
        "the tokenizer garbles text",
        text.text_comes_back,
    ),
    Property(
        "special tokens sane",
        "tokens",
        "texts do not end, or the loss misses what counts",
        special_tokens.special_tokens_are_sane,
    ),
)


Finding = tuple[Property, Measurement | NotForThis]


def check(subject: Subject) -> Iterator[Finding]:
    """Measures one property after the other."""
    for one in PROPERTIES:
        with torch.no_grad():
            found = one.measure(subject)
        yield one, found
