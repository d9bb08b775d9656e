"""How a text is cut into tokens, for people and for programs."""

import json
import shutil
from pathlib import Path

import pytest

from cli.command import printed, refused
from cutaway.config.tokenizer import BPETokenizer, WordPieceTokenizer
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

TEXTS = ["the cat sat on the mat\n", "the other cat\n"] * 4


@pytest.fixture
def merging(tmp_path: Path) -> Path:
    file = tmp_path / "merging.json"
    train_tokenizer(BPETokenizer(vocabulary=270), TEXTS).save(file)
    return file


def test_each_token_is_shown_with_its_id(merging: Path) -> None:
    tokenizer = Tokenizer.load(merging)
    ids = tokenizer.encode("the é")
    lines = printed("tokenize", merging, "the é").splitlines()
    assert [line.rsplit(maxsplit=1) for line in lines[1:-1]] == [
        [repr(piece), str(token)] for piece, token in zip(tokenizer.pieces(ids), ids, strict=True)
    ]
    assert lines[-1] == f"{len(ids)} tokens, 0 of them unknown, for 5 characters"
    told = json.loads(printed("tokenize", merging, "the é", "--json"))
    assert [(one["token"], one["id"]) for one in told["tokens"]] == list(zip(tokenizer.pieces(ids), ids, strict=True))


def test_unknown_tokens_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "pieces.json"
    train_tokenizer(WordPieceTokenizer(), TEXTS).save(file)
    assert "3 tokens, 2 of them unknown, for 7 characters" in printed("tokenize", file, "☃ the ☃")
    assert json.loads(printed("tokenize", file, "☃ the ☃", "--json"))["unknown"] == 2
    assert "no merges to show" in refused("tokenize", file, "the", "--merges")


def test_merges_are_shown_step_by_step(merging: Path) -> None:
    words = Tokenizer.load(merging).merges("the cat")
    shown = printed("tokenize", merging, "the cat", "--merges").split("\n\n")
    assert shown[:2] == ["\n".join(" ".join(map(repr, step)) for step in steps) for steps in words]
    assert shown[0].splitlines()[0] == "'t' 'h' 'e'"
    assert json.loads(printed("tokenize", merging, "the cat", "--merges", "--json"))["merges"] == words


def test_a_run_shows_its_own_tokenizer_or_that_of_its_source(here: Path, merging: Path) -> None:
    run = Tokenizer.load(here / "run" / "tokenizer.json")
    told = json.loads(printed("tokenize", "run", "the cat", "--json"))
    assert [one["id"] for one in told["tokens"]] == run.encode("the cat")
    assert "the run folder run has one tokenizer for both sides" in refused("tokenize", "run", "the", "--source")
    shutil.copy(merging, here / "run" / "source_tokenizer.json")
    told = json.loads(printed("tokenize", "run", "the cat", "--source", "--json"))
    assert [one["id"] for one in told["tokens"]] == Tokenizer.load(merging).encode("the cat")


def test_mistakes_are_told(here: Path, merging: Path) -> None:
    assert "there is no folder nowhere" in refused("tokenize", "nowhere", "the")
    assert "text.txt is not a tokenizer.json" in refused("tokenize", "text.txt", "the")
    assert "is a file: remove it" in refused("tokenize", merging, "the", "--source")
    assert "the tokenizer lacks 'Z'" in refused("tokenize", "run", "Zeus"[:1])
    (here / "empty").mkdir()
    assert "empty is not a run folder" in refused("tokenize", "empty", "the")
