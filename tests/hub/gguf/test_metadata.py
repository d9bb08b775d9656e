"""What GGUF files say of a model: old ways to say it, and what we do not have."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.hub.gguf.expected import require_expected
from cutaway.hub.gguf.header import Header, read_header
from cutaway.hub.gguf.metadata import read_options
from cutaway.hub.gguf.vocabulary import guesses, read_tokenizer
from cutaway.hub.importing import read_config
from hub.gguf.files import choices, write


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> Header:
    """Of a Llama."""
    return read_header(write(tmp_path_factory.mktemp("llama"), choices("llama"))[0])


def saying(header: Header, **said: Any) -> Header:
    """The same, but that it says something else; None for nothing."""
    changed = {**header.metadata, **{name.replace("__", "."): value for name, value in said.items()}}
    return replace(header, metadata={name: value for name, value in changed.items() if value is not None})


def test_what_it_leaves_out_is_as_usual(header: Header) -> None:
    found = read_options(saying(header, llama__vocab_size=None, llama__rope__freq_base=None))
    assert (found["vocab_size"], found["rope_theta"]) == (293, 10_000.0)


def test_a_window_makes_it_a_mistral(header: Header) -> None:
    found = read_options(saying(header, llama__attention__sliding_window=5))
    assert (found["model_type"], found["sliding_window"]) == ("mistral", 5)


def test_a_window_of_another_is_refused(header: Header) -> None:
    said = {name.replace("llama.", "qwen2."): value for name, value in header.metadata.items()}
    other = replace(header, metadata={**said, "general.architecture": "qwen2", "qwen2.attention.sliding_window": 5})
    with pytest.raises(UserError, match="has a sliding window but does not say for which layers"):
        read_options(other)


@pytest.mark.parametrize(
    "said",
    [{"llama__expert_count": 0}, {"llama__attention__causal": True}, {"llama__rope__scaling__type": "none"}],
    ids=str,
)
def test_what_changes_nothing_may_be_said(said: dict[str, Any], header: Header) -> None:
    assert read_options(saying(header, **said)) == read_options(header)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (
            {"general__architecture": "mamba"},
            "architecture 'mamba', which cutaway does not support; it supports llama, qwen2",
        ),
        ({"llama__expert_count": 8}, "asks for llama.expert_count=8"),
        ({"llama__attention__causal": False}, "asks for llama.attention.causal=False"),
        ({"llama__rope__dimension_count": 4}, "rope.dimension_count=4 where head_dim is 8"),
        ({"llama__attention__value_length": 6}, "value_length=6 where head_dim is 8"),
        ({"llama__block_count": 2**31}, "num_hidden_layers of 2147483648"),
        ({"llama__embedding_length": 2**31}, "hidden_size of 2147483648"),
        ({"llama__feed_forward_length": "many"}, "intermediate_size of 'many'"),
    ],
    ids=str,
)
def test_what_we_have_not_is_refused(said: dict[str, Any], complaint: str, header: Header) -> None:
    with pytest.raises(UserError, match=complaint):
        read_options(saying(header, **said))


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"model": "bert"}, "a tokenizer 'bert', and gpt2 and llama are known"),
        ({"tokens": None}, "a tokenizer 'gpt2', and"),
        ({"pre": "tekken"}, "in the way of 'tekken', and those of gpt-2, "),
        ({"token_type": [1]}, "293 tokens and the types of 1"),
        ({"merges": ["no such pair"]}, "cannot be made"),
        ({"model": "llama"}, "cannot be made: 'scores'"),
    ],
    ids=str,
)
def test_tokenizers_that_we_have_not_are_refused(said: dict[str, Any], complaint: str, header: Header) -> None:
    with pytest.raises(UserError, match=complaint) as raised:
        read_tokenizer(saying(header, **{f"tokenizer__ggml__{name}": value for name, value in said.items()}))
    assert "\n" not in str(raised.value)


def test_what_it_does_not_say_is_noted(header: Header) -> None:
    assert guesses(header) == []
    assert guesses(saying(header, tokenizer__ggml__pre=None)) == guesses(saying(header, tokenizer__ggml__pre="default"))
    assert "it is split as in GPT-2" in guesses(saying(header, tokenizer__ggml__pre=None))[0]
    assert guesses(saying(header, tokenizer__ggml__pre=None, tokenizer__ggml__model="llama")) == []


def test_special_tokens_are_those_that_it_names(header: Header, tmp_path: Path) -> None:
    tokens = header.metadata["tokenizer.ggml.tokens"]
    begin, end, turn = (tokens.index(token) for token in ("<|start|>", "<|endoftext|>", "<|pad|>"))
    named = {"bos_token_id": begin, "eos_token_id": end, "eot_token_id": turn, "add_bos_token": True}
    tokenizer = read_tokenizer(saying(header, **{f"tokenizer__ggml__{name}": value for name, value in named.items()}))
    assert (tokenizer.begin, tokenizer.end, tokenizer.ends) == (begin, end, {end, turn})
    assert tokenizer.frame is not None
    assert (tokenizer.frame.before, tokenizer.frame.after) == ((begin,), ())


@pytest.mark.parametrize("value", ["x", -1, 2**40, 0.5, True, ["x"], [], np.arange(3)], ids=repr)
def test_values_of_another_type_are_understood_or_refused(value: Any, header: Header) -> None:
    complaints = []
    for name in header.metadata:
        changed = replace(header, metadata={**header.metadata, name: value})
        for read in (read_config_of, read_tokenizer):
            try:
                require_expected(changed)
                read(changed)
            except UserError as error:
                complaints.append(str(error))
    assert len(complaints) >= 9
    assert not [complaint for complaint in complaints if "\n" in complaint]


def read_config_of(header: Header) -> None:
    """As far as a model is known before its weights are read."""
    found = read_options(header)
    read_config(found, FAMILIES[found["model_type"]], header.path)
