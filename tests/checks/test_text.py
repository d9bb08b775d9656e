"""What a tokenizer must give back, by what it is."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer as Inner
from tokenizers import decoders, models, normalizers, pre_tokenizers

from checks.subjects import subject
from cutaway.checks.example_batches import TARGET
from cutaway.checks.measure import Measurement
from cutaway.checks.text import text_comes_back
from cutaway.text.hf.folders import load_tokenizer
from cutaway.text.tokenizer import Tokenizer
from text.folders import FOLDERS
from text.kinds import CONFIGS, READERS, WRITERS, train

JUDGE = subject("judge")


def lost(tokenizer: Tokenizer) -> Measurement:
    found = text_comes_back(replace(JUDGE, tokenizers={TARGET: tokenizer}))
    assert isinstance(found, Measurement)
    return found


@pytest.mark.parametrize("specials", ["reader", "writer", "none"])
@pytest.mark.parametrize("kind", CONFIGS)
def test_every_tokenizer_gives_back_what_it_can(kind: str, specials: str) -> None:
    tokenizers = {"reader": READERS, "writer": WRITERS, "none": {kind: train(kind)}}
    assert lost(tokenizers[specials][kind]) == Measurement(0, 0)


def test_one_that_puts_a_space_before_texts_may_give_it_back(tmp_path: Path) -> None:
    WRITERS["byte"].save(tmp_path / "tokenizer.json")
    said = json.loads((tmp_path / "tokenizer.json").read_text())
    said["pre_tokenizer"]["add_prefix_space"] = True
    (tmp_path / "tokenizer.json").write_text(json.dumps(said))
    tokenizer = Tokenizer.load(tmp_path / "tokenizer.json")
    assert tokenizer.decode(tokenizer.encode("a")) == " a"
    assert lost(tokenizer).passes


@pytest.mark.parametrize("kind", ["mbart 50", "m2m_100"])
def test_white_space_alone_need_not_come_back(kind: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(FOLDERS[kind](tmp_path))
    assert tokenizer.encode(" ")
    assert tokenizer.decode(tokenizer.encode(" ")) == ""
    assert lost(tokenizer).passes


def words(*tokens: str, unknown: bool = True) -> Inner:
    """A tokenizer of these words, with a token for all others or none."""
    vocabulary = {token: i for i, token in enumerate(["[UNK]"] * unknown + list(tokens))}
    inner = Inner(models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return inner


@pytest.mark.parametrize("unknown", [True, False])
def test_one_that_folds_case_abides_by_it(unknown: bool) -> None:
    inner = words("a", "bee", "A", "BEE", unknown=unknown)
    inner.normalizer = normalizers.Lowercase()
    assert lost(Tokenizer(inner)).passes


def test_what_is_lost_is_named_and_counted() -> None:
    inner = words("a", "bee")
    inner.decoder = decoders.Fuse()
    found = lost(Tokenizer(inner))
    assert not found.passes
    assert re.fullmatch(r"('[abe ]+', ){2}'[abe ]+' and \d+ more", found.culprit)
    assert found.culprit.endswith(f" {found.measured - 3:.0f} more")


def test_one_that_reads_none_of_its_own_tokens_loses_every_text() -> None:
    found = lost(Tokenizer(words("x y", "z w")))
    assert found.measured >= 100
