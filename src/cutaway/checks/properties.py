"""All properties that every model must have, in the order of the report."""

from collections.abc import Iterator

import torch

from cutaway.checks import batching, cached_decoding, computing, equation, special_tokens, stored, text, weights
from cutaway.checks.measure import Measurement, NotForThis, Property
from cutaway.checks.subject import Subject

DIFFERENCE = "of the largest logit"

PROPERTIES = (
    Property(
        "cached = uncached",
        DIFFERENCE,
        "generation differs from training: what it writes is not what it learned",
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
        "it attends to what it predicts: its loss means nothing",
        cached_decoding.future_is_unseen,
    ),
    Property(
        "batch = one by one",
        DIFFERENCE,
        "results depend on the rest of the batch",
        batching.batch_equals_one_by_one,
    ),
    Property(
        "padded left = alone",
        DIFFERENCE,
        "shorter prompts in a batch give other results",
        batching.padded_left_equals_alone,
    ),
    Property(
        "padded right = alone",
        DIFFERENCE,
        "shorter texts in a batch give other results",
        batching.padded_right_equals_alone,
    ),
    Property(
        "padding inert",
        DIFFERENCE,
        "padding leaks into results",
        batching.padding_is_inert,
    ),
    Property(
        "fused = plain",
        DIFFERENCE,
        "captured tensors are not those that it computes with",
        computing.fused_equals_plain,
    ),
    Property(
        "stored = plain",
        "of the largest output",
        "packed or quantized layers compute something else than their weights say",
        stored.stored_equals_plain,
    ),
    Property(
        "attention = equation",
        "of the largest output",
        "attention does not compute what its config says",
        equation.attention_equals_equation,
    ),
    Property(
        "deterministic",
        DIFFERENCE,
        "something is random, such as dropout",
        computing.passes_are_equal,
    ),
    Property(
        "bf16 near fp32",
        DIFFERENCE,
        "bf16 is too inaccurate for it: use fp32",
        computing.bf16_is_near,
    ),
    Property(
        "CPU = device",
        DIFFERENCE,
        "this device computes other results",
        computing.processor_equals_device,
    ),
    Property(
        "same as transformers",
        DIFFERENCE,
        "it is not the model that its files describe",
        computing.reference_is_equal,
    ),
    Property(
        "ids as transformers",
        "texts",
        "it reads other tokens than those that its files describe",
        text.reference_ids_are_equal,
    ),
    Property(
        "saved = loaded",
        "weights or logits",
        "loading gives another model than the saved one",
        weights.saved_equals_loaded,
    ),
    Property(
        "weights finite",
        "weights",
        "training diverged, or the file is damaged",
        weights.weights_are_finite,
    ),
    Property(
        "weights filled",
        "of equal neighbours",
        "part of a matrix was never initialised or loaded",
        weights.weights_are_filled,
    ),
    Property(
        "weights used",
        "weights",
        "some weights have no effect",
        weights.weights_are_used,
    ),
    Property(
        "text comes back",
        "texts",
        "the tokenizer changes text",
        text.text_comes_back,
    ),
    Property(
        "special tokens sane",
        "tokens",
        "texts do not end, or the loss ignores tokens that count",
        special_tokens.special_tokens_are_sane,
    ),
)


Finding = tuple[Property, Measurement | NotForThis]


def check(subject: Subject) -> Iterator[Finding]:
    """Measures the properties one after the other."""
    for one in PROPERTIES:
        with torch.no_grad():
            found = one.measure(subject)
        yield one, found
