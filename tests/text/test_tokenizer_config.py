"""What a tokenizer's file does not tell is told beside it, and kept."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer as Inner
from tokenizers.models import WordLevel

from cutaway.text.special import UNDERSTANDING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.tokenizer_config import TokenizerConfig
from text.kinds import train

ROLES = ("pad", "unknown", "begin", "start", "first", "separator", "end", "mask", "ends", "chat_template", "vocabulary")


def told(conventions: TokenizerConfig | None) -> Tokenizer:
    return Tokenizer(train("bpe", (*UNDERSTANDING, "<a>", "<b>"))._inner, conventions)


GIVEN = TokenizerConfig({"end": 6, "begin": 5, "start": 0, "first": 1, "pad": 5}, frozenset({6, 1}), "{{ messages }}")


def test_roles_that_are_given_count_more_than_spellings() -> None:
    tokenizer = told(GIVEN)
    assert (tokenizer.end, tokenizer.begin, tokenizer.start, tokenizer.pad) == (6, 5, 0, 5)
    assert (tokenizer.separator, tokenizer.mask) == (3, 4)
    assert (tokenizer.first, told(None).first) == (1, None)
    assert tokenizer.ends == {1, 6}
    assert told(None).ends == {3}
    assert told(TokenizerConfig({"begin": 5})).start == 5


@pytest.mark.parametrize("name", ["tokenizer.json", "source_tokenizer.json"])
def test_a_run_folder_keeps_them(name: str, tmp_path: Path) -> None:
    tokenizer = told(GIVEN)
    tokenizer.save(tmp_path / name)
    loaded = Tokenizer.load(tmp_path / name)
    assert [getattr(loaded, role) for role in ROLES] == [getattr(tokenizer, role) for role in ROLES]
    assert loaded.sha256 == tokenizer.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, name.replace(".", "_config.")]
    told(None).save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert Tokenizer.load(tmp_path / name).end == 3


def test_tokenizers_told_of_differently_are_different() -> None:
    given = [
        None,
        GIVEN,
        TokenizerConfig({"end": 5}),
        TokenizerConfig(chat_template="x"),
        TokenizerConfig(ends=frozenset({0})),
    ]
    assert len({told(conventions).sha256 for conventions in given}) == len(given)


@pytest.mark.parametrize("unknown", [-1, 999, 2**32, 2**80, "<c>", {}, None])
def test_a_token_that_there_is_not_is_passed_over(unknown: object) -> None:
    inner = told(None)._inner
    found = TokenizerConfig.of({"eos_token_id": [5, unknown, "<b>"], "bos_token_id": unknown}, inner)
    assert found == TokenizerConfig({"end": 5}, frozenset({5, 6}))


def test_templates_by_name_have_a_default(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    told(GIVEN).save(path)
    templates = [{"name": "tool_use", "template": "one"}, {"name": "default", "template": "other"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": templates}))
    assert Tokenizer.load(path).chat_template == "other"


def test_what_is_named_becomes_special(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    told(None).save(path)
    word = Tokenizer.load(path).encode("at")
    assert len(word) == 1
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "at", "pad_token": "nowhere"}))
    tokenizer = Tokenizer.load(path)
    assert [tokenizer.end] == word
    assert tokenizer.pad == 0
    assert tokenizer.end not in tokenizer.encode("at the mat at")
    assert tokenizer.encode("at", special=True) == word
    assert tokenizer.decode(word) == ""


def test_ordinary_tokens_are_the_longest_stretch_between_special_ones() -> None:
    inner = Inner(WordLevel({token: i for i, token in enumerate("0123456789")}, unk_token="3"))
    inner.add_special_tokens(["0", "3", "4"])
    assert Tokenizer(inner).ordinary == range(5, 10)
    inner.add_special_tokens(["6"])
    assert Tokenizer(inner).ordinary == range(7, 10)
    inner.add_special_tokens(["9"])
    assert Tokenizer(inner).ordinary == range(1, 3)
