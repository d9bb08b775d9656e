import json
from pathlib import Path

import numpy as np
import pytest

from cutaway.config.data import DataConfig
from cutaway.config.tokenizer import BPETokenizer, ByteTokenizer, CharTokenizer, TokenizerConfig
from cutaway.data.text import scan
from cutaway.data.text.corpus import open_corpus
from cutaway.data.text.prepare import prepare
from cutaway.data.text.scan import Progress
from cutaway.errors import JobError, UserError
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

KINDS = [CharTokenizer(), ByteTokenizer(), BPETokenizer(vocabulary=280)]
TEXT = "".join(f"line {i}: it's é {i * i}\r\n" for i in range(3_000)) + "\0漢"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_bytes(TEXT.encode())
    return path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Forty-one documents, of which one is empty."""
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps({"text": TEXT[i * 700 : (i + 1) * 700] * (i != 5)}) + "\n" for i in range(41)))
    return path


class StoppedError(Exception):
    """In place of a kill."""


def stop_after(characters: int) -> Progress:
    def progress(done: int, total: int | None) -> None:
        if total and done > characters:
            raise StoppedError

    return progress


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
@pytest.mark.parametrize("validation", [0.0, 0.1, 0.37])
def test_each_part_is_encoded_by_itself(file: Path, tmp_path: Path, kind: TokenizerConfig, validation: float) -> None:
    data = DataConfig(path=str(file), validation=validation)
    corpus = prepare(data, kind, tmp_path / "out", shard_characters=20_000)
    cut = int(len(TEXT) * (1 - validation))
    assert corpus.training[:].tolist() == corpus.tokenizer.encode(TEXT[:cut])
    assert corpus.validation[:].tolist() == corpus.tokenizer.encode(TEXT[cut:])
    manifest = corpus.manifest
    assert (manifest.training.characters, manifest.validation.characters) == (cut, len(TEXT) - cut)
    assert len(manifest.training.shards) > 1
    assert corpus.tokenizer.end == (279 if kind.kind == "bpe" else None)
    assert np.load(tmp_path / "out" / "tokens" / "training-00000.npy").dtype == np.uint16


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_an_end_token_follows_each_of_several_documents(rows: Path, tmp_path: Path, kind: TokenizerConfig) -> None:
    corpus = prepare(DataConfig(path=str(rows), validation=0.25), kind, tmp_path / "out", shard_characters=2_000)
    tokens = [*corpus.training[:].tolist(), *corpus.validation[:].tolist()]
    assert tokens[-1] == corpus.tokenizer.end
    text = corpus.tokenizer.decode(tokens, skip_special_tokens=False)
    documents = [TEXT[i * 700 : (i + 1) * 700] for i in range(41) if i != 5]
    assert text == "".join(document + "<|endoftext|>" for document in documents)
    assert corpus.manifest.scan.documents == 40
    assert corpus.manifest.scan.skipped == {"empty": 1}
    assert corpus.manifest.training.characters == 21_000
    assert corpus.tokenizer.decode(corpus.training[:]) == "".join(documents)[:21_000]


def test_merges_come_from_the_training_part_and_characters_from_the_whole(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("low lower lowest " * 50 + "queue queues é " * 5)
    data = DataConfig(path=str(tmp_path / "a.txt"), validation=0.1)
    merges = prepare(data, BPETokenizer(vocabulary=300), tmp_path / "bpe").tokenizer
    assert len(merges.encode(" low")) == 1
    assert len(merges.encode(" queue")) == 6
    assert prepare(data, CharTokenizer(), tmp_path / "char").tokenizer.decode([0]) == " "
    assert prepare(data, CharTokenizer(), tmp_path / "char").tokenizer.encode("é") == [10]


def test_merges_come_from_the_first_characters_of_a_huge_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.data.text.prepare.TOKENIZER_CHARACTERS", 800)
    (tmp_path / "a.txt").write_text("low lower lowest " * 50 + "queue queues é " * 50)
    merges = prepare(DataConfig(path=str(tmp_path / "a.txt")), BPETokenizer(vocabulary=300), tmp_path / "out").tokenizer
    assert len(merges.encode(" low")) == 1
    assert len(merges.encode(" queue")) == 6


def test_what_is_finished_is_opened_without_its_source(file: Path, tmp_path: Path) -> None:
    data = DataConfig(path=str(file))
    first = prepare(data, CharTokenizer(), tmp_path / "out")
    file.unlink()
    for again in (prepare(data, CharTokenizer(), tmp_path / "out"), open_corpus(tmp_path / "out")):
        assert again.manifest == first.manifest
        np.testing.assert_array_equal(again.training[:], first.training[:])
    with pytest.raises(UserError, match=r"prepared with data .*'validation': 0\.1.* not .*'validation': 0\.2"):
        prepare(data.model_copy(update={"validation": 0.2}), CharTokenizer(), tmp_path / "out")
    with pytest.raises(UserError, match=r"prepared with tokenizer .*char.* not .*byte"):
        prepare(data, ByteTokenizer(), tmp_path / "out")


def test_a_preparation_goes_on_after_the_last_complete_file(rows: Path, tmp_path: Path) -> None:
    data, out = DataConfig(path=str(rows)), tmp_path / "out"
    with pytest.raises(StoppedError):
        prepare(data, CharTokenizer(), out, progress=stop_after(9_000), shard_characters=2_000)
    with pytest.raises(UserError, match=r"manifest\.json"):
        open_corpus(out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert sum(path.suffix == ".npy" for path in before) == 4
    straight = prepare(data, CharTokenizer(), tmp_path / "straight", shard_characters=2_000)
    resumed = prepare(data, CharTokenizer(), out)
    assert {path: path.stat().st_mtime_ns for path in before if path.exists()}.items() <= before.items()
    assert resumed.manifest == straight.manifest


def test_a_source_that_changed_meanwhile_is_noticed(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = DataConfig(path=str(file)), tmp_path / "out"
    with pytest.raises(StoppedError):
        prepare(data, CharTokenizer(), out, progress=stop_after(0))
    file.write_bytes(TEXT.replace("line 7", "line 8").encode())
    with pytest.raises(UserError, match="has changed since its preparation was started: remove"):
        prepare(data, CharTokenizer(), out)
    file.write_bytes(TEXT.encode())

    def cut_short(done: int, total: int | None) -> None:
        file.write_bytes(TEXT[:-50].encode())

    monkeypatch.setattr(scan, "PROGRESS_CHARACTERS", 1)
    with pytest.raises(UserError, match="has changed"):
        prepare(data, CharTokenizer(), tmp_path / "new", progress=cut_short)


def test_another_preparation_in_the_folder_is_left_alone(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        prepare(DataConfig(path=str(file)), CharTokenizer(), tmp_path / "out", progress=stop_after(0))
    with pytest.raises(UserError, match="prepared with tokenizer"):
        prepare(DataConfig(path=str(file)), ByteTokenizer(), tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tokenizer.json").write_text("mine")
    with pytest.raises(UserError, match="unknown text: choose another folder"):
        prepare(DataConfig(path=str(file)), ByteTokenizer(), tmp_path / "mine")
    assert (tmp_path / "mine" / "tokenizer.json").read_text() == "mine"
    with pytest.raises(JobError, match="cannot make the folder"):
        prepare(DataConfig(path=str(file)), ByteTokenizer(), file)


def test_progress_runs_from_counting_to_the_end(rows: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    data = DataConfig(path=str(rows))
    prepare(data, CharTokenizer(), tmp_path / "out", shard_characters=2_000, progress=lambda *call: calls.append(call))
    assert calls == sorted(calls)
    assert len(calls) > 9
    assert calls[-1] == (28_000, 28_000)


def test_a_tokenizer_that_is_there_is_used_as_it_is(file: Path, rows: Path, tmp_path: Path) -> None:
    mine = train_tokenizer(BPETokenizer(vocabulary=270), [TEXT])
    corpus = prepare(DataConfig(path=str(file)), mine, tmp_path / "out")
    assert corpus.tokenizer.sha256 == mine.sha256
    assert prepare(DataConfig(path=str(file)), mine, tmp_path / "out").manifest == corpus.manifest
    with pytest.raises(UserError, match=r"the tokenizer lacks '\\x00', '漢' \(2 characters\)"):
        prepare(DataConfig(path=str(file)), char(TEXT[:-2]), tmp_path / "unseen")
    with pytest.raises(UserError, match=r"no <\|endoftext\|> to separate 40 documents"):
        prepare(DataConfig(path=str(rows)), char(TEXT), tmp_path / "endless")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("manifest.json", b"{}", "manifest.json is damaged"),
        ("manifest.json", b'{"request"', "manifest.json is damaged"),
        ("tokenizer.json", b"{", "tokenizer.json"),
        ("tokens/training-00000.npy", None, "training-00000.npy"),
        ("tokens/training-00001.npy", "tokens/training-00000.npy", "not those of its manifest"),
    ],
)
def test_damage_is_named(file: Path, tmp_path: Path, name: str, content: bytes | str | None, said: str) -> None:
    out = tmp_path / "out"
    prepare(DataConfig(path=str(file)), CharTokenizer(), out, shard_characters=20_000)
    if content is None:
        (out / name).unlink()
    else:
        (out / name).write_bytes(content if isinstance(content, bytes) else (out / content).read_bytes())
    with pytest.raises(UserError, match=said) as caught:
        open_corpus(out)
    assert "\n" not in str(caught.value)


def char(text: str) -> Tokenizer:
    return train_tokenizer(CharTokenizer(), [], alphabet=text)
