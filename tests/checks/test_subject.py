"""What a model is checked on: in fp32, with texts that it takes."""

from itertools import chain
from typing import Any

import pytest
import torch

from checks.subjects import SUBJECTS, subject
from cutaway.checks.example_batches import TARGET
from cutaway.checks.subject import MOST, NEAR, limits, make_subject
from cutaway.config.run import RunConfig
from variants import config_of, variant


def test_a_model_of_another_dtype_is_copied_and_left_as_it_is() -> None:
    model = variant().bfloat16()
    checked = make_subject(model, RunConfig(model=config_of()), {}).model
    assert {weight.dtype for weight in checked.parameters()} == {torch.float32}
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert checked.head.projection.weight is checked.decoder.embed.tokens.weight


def test_a_model_stops_training() -> None:
    assert not make_subject(variant().train(), RunConfig(model=config_of()), {}).model.training


@pytest.mark.parametrize("context", [1, 2, 7])
def test_no_text_is_longer_than_the_model_takes(context: int) -> None:
    made = make_subject(variant(context=context), RunConfig(model=config_of(context=context)), {})
    assert max(one.inputs.shape[1] for one in chain(made.ragged, made.even)) == context
    assert max(one.inputs.shape[1] for one in made.long) == context


LLAMA3 = {"kind": "llama3", "factor": 2.0, "trained_context": 110}


@pytest.mark.parametrize(
    ("choices", "limit"),
    [
        ({}, 64),
        ({"attention": {"window": 100}}, 100),
        ({"position": {"kind": "rotary", "scaling": LLAMA3}, "attention": {"window": 100}}, 110),
        ({"position": {"kind": "relative", "max_distance": 90}}, 90),
        ({"position": {"kind": "relative", "buckets": 32, "max_distance": 8}}, 64),
    ],
    ids=str,
)
def test_a_long_text_exceeds_every_limit(choices: dict[str, Any], limit: int) -> None:
    config = config_of(context=500, **choices)
    longest, shorter = make_subject(variant(context=500, **choices), RunConfig(model=config), {}).long
    assert limits(config)[-1] == limit
    assert limit < longest.inputs.shape[1] <= limit + 10
    assert limit - 10 < shorter.inputs.shape[1] < longest.inputs.shape[1]


def test_the_larger_a_model_is_the_shorter_are_long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = {"context": 4000, "attention": {"window": 3000}}

    def length() -> int:
        return make_subject(variant(**choices), RunConfig(model=config_of(**choices)), {}).long[0].inputs.shape[1]

    assert length() == MOST
    parameters = sum(weight.numel() for weight in variant(**choices).parameters())
    monkeypatch.setattr("cutaway.checks.subject.WORK", 300 * parameters)
    assert length() == 300
    monkeypatch.setattr("cutaway.checks.subject.WORK", 1)
    assert length() > NEAR


@pytest.mark.parametrize("name", SUBJECTS)
def test_texts_hold_no_special_tokens(name: str) -> None:
    made = subject(name)
    tokenizer = made.tokenizers[TARGET]
    special = {tokenizer.pad, tokenizer.begin, tokenizer.separator, tokenizer.end, tokenizer.mask, tokenizer.unknown}
    shown = [tensor for one in chain(made.ragged, made.even, made.long) for tensor in (one.inputs, one.source)]
    assert not special & {token for tensor in shown if tensor is not None for token in tensor.flatten().tolist()}
