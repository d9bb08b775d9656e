"""Tokenizers in GGUF files, held against what they were made from."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer as Inner
from tokenizers import decoders, models, normalizers

from cutaway.config.tokenizer import CharTokenizer, WordPieceTokenizer
from cutaway.errors import UserError
from cutaway.hub.gguf.header import Header
from cutaway.hub.gguf.splits import WAYS
from cutaway.hub.gguf.vocabulary import read_tokenizer, write_tokenizer
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer
from hub.gguf.files import TEXT, tokenizer
from support import require_module

TEXTS = ("the cat sat", " a 12345 b ", "It's  WE'LL\r\n\r\n\tx", "e\u0301 日本語 ½ !?!", "<|endoftext|>", "")


def header(said: dict[str, Any]) -> Header:
    return Header(Path("model.gguf"), said, {})


def cutting(name: str) -> Tokenizer:
    """A tokenizer that cuts a text in this way; some of its pairs lie across the cuts of others."""
    way, content = WAYS[name], tokenizer().content["model"]
    merges = [tuple(pair) for pair in content["merges"]]
    vocabulary = dict(content["vocab"])
    for pair in (("1", "2"), ("12", "3"), ("Ġ", "1"), ("'", "s"), ("'", "L"), ("!", "?")):
        merges.append(pair)
        vocabulary.setdefault("".join(pair), len(vocabulary))
    inner = Inner(models.BPE(vocabulary, merges, ignore_merges=way.whole))
    inner.normalizer = normalizers.NFC() if way.composed else None
    inner.pre_tokenizer = way.cut()
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(["<|endoftext|>"])
    return Tokenizer(inner)


@pytest.mark.parametrize("name", [name for name in WAYS if name != "default"])
def test_each_way_to_cut_is_kept(name: str) -> None:
    before = cutting(name)
    said = write_tokenizer(before, before.vocabulary + 3)
    after = read_tokenizer(header(said))
    assert said["tokenizer.ggml.pre"] == name
    assert after.vocabulary == before.vocabulary + 3
    assert [after.encode(text) for text in TEXTS] == [before.encode(text) for text in TEXTS]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpt-2", "It ' S Ġa Ġ12345 ! ĊĊ Ġx"),
        ("default", "It ' S Ġa Ġ12345 ! ĊĊ Ġx"),
        ("smollm", "It ' S Ġa Ġ 1 2 3 4 5 ! ĊĊ Ġx"),
        ("llama-bpe", "It 'S Ġa Ġ 123 45 !ĊĊ Ġx"),
        ("qwen2", "It 'S Ġa Ġ 1 2 3 4 5 !ĊĊ Ġx"),
    ],
)
def test_each_way_cuts_as_its_model_does(name: str, words: str) -> None:
    cut = WAYS[name].cut().pre_tokenize_str("It'S a 12345!\n\n x")
    assert [word for word, _ in cut] == words.split(" ")


def test_a_word_may_be_a_token_as_it_stands() -> None:
    said = write_tokenizer(tokenizer(), 300)
    said["tokenizer.ggml.tokens"][299] = "zq"
    found = {}
    for name in WAYS:
        said["tokenizer.ggml.pre"] = name
        found[name] = len(read_tokenizer(header(said)).encode("zq"))
    assert found == {name: 1 if name == "llama-bpe" else 2 for name in WAYS}


def test_marks_and_letters_are_put_together_by_qwen_alone() -> None:
    assert [name for name in WAYS if cutting(name).encode("e\u0301") == cutting(name).encode("é")] == ["qwen2"]


def test_a_chat_template_is_kept() -> None:
    before = Tokenizer.with_config(Inner.from_str(tokenizer()._inner.to_str()), {"chat_template": "{{ messages }}"})
    said = write_tokenizer(before, before.vocabulary)
    assert read_tokenizer(header(said)).chat_template == "{{ messages }}"


@pytest.mark.parametrize("config", [CharTokenizer(), WordPieceTokenizer(vocabulary=60)], ids=lambda config: config.kind)
def test_other_kinds_are_refused(config: Any) -> None:
    other = train_tokenizer(config, [TEXT], alphabet=TEXT)
    with pytest.raises(UserError, match="tokenizers that join pairs of bytes"):
        write_tokenizer(other, other.vocabulary)


def test_other_ways_to_cut_are_refused() -> None:
    other = cutting("gpt-2")
    other._inner.normalizer = normalizers.Lowercase()
    with pytest.raises(UserError, match="cut a text as gpt-2, default, smollm"):
        write_tokenizer(other, other.vocabulary)


@pytest.mark.parametrize("prefixed", [True, False])
def test_sentencepiece_gives_the_same(prefixed: bool) -> None:
    sentencepiece, model = require_module("sentencepiece"), BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 9),
        model_writer=model,
        model_type="bpe",
        vocab_size=300,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=prefixed,
        minloglevel=2,
    )
    judge = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    count = judge.vocab_size()
    kinds = [
        2 if judge.is_unknown(i) else 3 if judge.is_control(i) else 6 if judge.is_byte(i) else 1 for i in range(count)
    ]
    said = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [judge.id_to_piece(i) for i in range(count)],
        "tokenizer.ggml.scores": [judge.get_score(i) for i in range(count)],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": judge.bos_id(),
        "tokenizer.ggml.eos_token_id": judge.eos_id(),
        "tokenizer.ggml.add_space_prefix": prefixed,
    }
    read = read_tokenizer(header(said))
    for text in ("the cat sat", "  two  spaces ", "日本 cats 12345", "a"):
        assert read.encode(text) == judge.encode(text)
        assert read.decode(read.encode(text)) == text
    assert read.frame is not None
    assert read.frame.before == (judge.bos_id(),)
