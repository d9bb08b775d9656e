"""What is written of a tokenizer, `transformers` opens with the same ids and texts."""

from pathlib import Path
from typing import Any

import pytest

from cutaway.text.hf.folders import load_source_tokenizer, load_tokenizer, write_tokenizer
from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.tokenizer_config import TokenizerConfig
from cutaway.text.uses import around_source, around_text
from text.folders import FOLDERS, SENTENCES, auto, marian, write_json
from text.kinds import CONFIGS, READERS, WRITERS, train

ROLES = ("pad", "unknown", "begin", "start", "separator", "end", "ends", "mask", "vocabulary", "chat_template")
READABLE = [text for text in SENTENCES if "\t" not in text and "CAFÉ" not in text]


def assert_kept(tokenizer: Tokenizer, frame: PostProcessor, folder: Path, model_type: str) -> Any:
    write_json(folder / "config.json", {"model_type": model_type})
    theirs, again = auto(folder), load_tokenizer(folder)
    mask = "" if tokenizer.mask is None else tokenizer.pieces([tokenizer.mask])[0]
    for text in [*READABLE, f"low {mask} lower"]:
        ids = tokenizer.encode(text, special=True)
        assert theirs(text)["input_ids"] == frame.around(ids)
        assert theirs(text, "low")["input_ids"] == frame.around_pair(ids, tokenizer.encode("low"))
        decoded = tokenizer.decode(frame.around(ids), skip_special_tokens=False)
        assert theirs.decode(frame.around(ids)) == decoded
        assert again.encode(text) == tokenizer.encode(text)
    assert again.frame == frame
    assert [getattr(again, role) for role in ROLES] == [getattr(tokenizer, role) for role in ROLES]
    return theirs


@pytest.mark.parametrize("kind", list(CONFIGS))
def test_tokenizers_of_our_own(kind: str, tmp_path: Path) -> None:
    reader, writer, plain = READERS[kind], WRITERS[kind], train(kind, with_end=True)
    write_tokenizer(reader, tmp_path / "reader")
    theirs = assert_kept(reader, around_text(reader), tmp_path / "reader", "bert")
    assert (theirs.pad_token_id, theirs.cls_token_id, theirs.sep_token_id, theirs.mask_token_id) == (0, 2, 3, 4)
    write_tokenizer(writer, tmp_path / "writer", around_source(writer))
    theirs = assert_kept(writer, around_source(writer), tmp_path / "writer", "marian")
    assert (theirs.pad_token_id, theirs.unk_token_id, theirs.bos_token_id, theirs.eos_token_id) == (0, 1, 2, 3)
    write_tokenizer(plain, tmp_path / "plain")
    theirs = assert_kept(plain, PostProcessor(second_segment=1), tmp_path / "plain", "gpt2")
    assert theirs.eos_token_id == plain.end


@pytest.mark.parametrize("kind", list(FOLDERS))
def test_tokenizers_of_others(kind: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(FOLDERS[kind](tmp_path / "theirs"))
    write_tokenizer(tokenizer, tmp_path / "ours")
    assert tokenizer.frame is not None
    assert_kept(tokenizer, tokenizer.frame, tmp_path / "ours", kind.split()[0])


def test_the_source_of_marian_decodes_both_sides(tmp_path: Path) -> None:
    source, target = load_source_tokenizer(marian(tmp_path)), load_tokenizer(tmp_path)
    assert source is not None
    write_tokenizer(source, tmp_path / "ours")
    assert source.frame is not None
    theirs = assert_kept(source, source.frame, tmp_path / "ours", "marian")
    ids = target.encode("the sun was shining")
    assert theirs.decode(ids) == target.decode(ids) == "the sun was shining"


def test_a_chat_template_goes_along(tmp_path: Path) -> None:
    conventions = TokenizerConfig({"begin": 2}, frozenset({3, 4}), "{{ bos_token }}{{ messages[0].content }}")
    write_tokenizer(Tokenizer(train("bpe", ("<pad>", "<unk>", "<s>", "</s>", "<end>"))._inner, conventions), tmp_path)
    theirs = auto(tmp_path)
    assert theirs.apply_chat_template([{"role": "user", "content": "low"}], tokenize=False) == "<s>low"
    assert load_tokenizer(tmp_path).ends == {3, 4}
