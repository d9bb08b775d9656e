"""What a model is checked on: in fp32, with texts that it takes."""

from itertools import chain

import pytest
import torch

from checks.subjects import SUBJECTS, subject
from cutaway.checks.example_batches import TARGET
from cutaway.checks.subject import make_subject
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


@pytest.mark.parametrize("name", SUBJECTS)
def test_texts_hold_no_special_tokens(name: str) -> None:
    made = subject(name)
    tokenizer = made.tokenizers[TARGET]
    special = {tokenizer.pad, tokenizer.begin, tokenizer.separator, tokenizer.end, tokenizer.mask, tokenizer.unknown}
    shown = [tensor for one in chain(made.ragged, made.even) for tensor in (one.inputs, one.source)]
    assert not special & {token for tensor in shown if tensor is not None for token in tensor.flatten().tolist()}
