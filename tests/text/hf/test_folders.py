"""Tokenizers of Hugging Face folders give the ids and texts that `transformers` gives."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.text.hf import multilingual
from cutaway.text.hf.folders import load_source_tokenizer, load_tokenizer
from cutaway.text.languages import language
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.tokenizer_files import read_config
from support import require_attributes, require_module
from text.folders import (
    FOLDERS,
    ROBERTA,
    SENTENCES,
    auto,
    bert,
    byte_pairs,
    m2m_100,
    marian,
    write_json,
)

KINDS = pytest.mark.parametrize("kind", list(FOLDERS))


def ids(tokenizer: Tokenizer, *texts: str) -> list[int]:
    assert tokenizer.frame is not None
    encoded = [tokenizer.encode(text, special=True) for text in texts]
    return tokenizer.frame.around_pair(*encoded) if len(texts) == 2 else tokenizer.frame.around(*encoded)


def assert_alike(ours: Tokenizer, theirs: Any, special: str) -> None:
    assert ours.vocabulary == len(theirs)
    for text in [*SENTENCES, f"low {special} x{special}"]:
        assert ids(ours, text) == theirs(text)["input_ids"], text
        pair = theirs(text, "the dog")
        assert ids(ours, text, "the dog") == pair["input_ids"], text
        if "token_type_ids" in pair:
            assert ours.frame is not None
            segments = [0] * (len(pair["input_ids"]) - len(ours.encode("the dog")) - len(ours.frame.pair[2]))
            assert pair["token_type_ids"][: len(segments)] == segments
            assert set(pair["token_type_ids"][len(segments) :]) == {ours.frame.second_segment}
        decoded = theirs.decode(theirs(text)["input_ids"])
        assert ours.decode(ids(ours, text), skip_special_tokens=False) == decoded


@KINDS
def test_a_text_and_a_pair_get_the_same_ids_and_texts(kind: str, tmp_path: Path) -> None:
    folder = FOLDERS[kind](tmp_path)
    ours, theirs = load_tokenizer(folder), auto(folder)
    special = theirs.mask_token or ("<extra_id_7>" if kind == "t5" else "!")
    assert_alike(ours, theirs, special)


@KINDS
def test_what_transformers_saves_is_read_in_the_same_way(kind: str, tmp_path: Path) -> None:
    theirs = auto(FOLDERS[kind](tmp_path / "slow"))
    theirs.save_pretrained(tmp_path / "fast")
    shutil.copy(tmp_path / "slow" / "config.json", tmp_path / "fast")
    assert_alike(load_tokenizer(tmp_path / "fast"), auto(tmp_path / "fast"), theirs.mask_token or "!")


ROLES = ("pad", "unknown", "begin", "start", "separator", "end", "mask")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bert", (0, 1, 2, 2, 3, 3, 4)),
        ("gpt2", (None, None, 0, 0, None, 0, None)),
        ("roberta", (1, 3, 0, 0, 2, 2, 4)),
        ("t5", (0, 2, None, None, 1, 1, None)),
        ("mbart", (1, 3, 0, 0, 2, 2, 165)),
        ("llama", (None, 0, 1, 1, 2, 2, None)),
    ],
)
def test_special_tokens_are_known_by_what_they_are_for(
    kind: str, expected: tuple[int | None, ...], tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(FOLDERS[kind](tmp_path))
    assert tuple(getattr(tokenizer, role) for role in ROLES) == expected


def test_what_a_folder_says_counts_more_than_a_spelling(tmp_path: Path) -> None:
    folder = byte_pairs(tmp_path, "gpt2", ["<|endoftext|>", "<s>", "</s>", "<over>"], eos_token="<over>")
    config = {
        "model_type": "gpt2",
        "pad_token_id": 2,
        "eos_token_id": 0,
        "decoder_start_token_id": 4,
        "bos_token_id": 9999,
    }
    write_json(folder / "config.json", config)
    write_json(folder / "special_tokens_map.json", {"eos_token": "</s>", "cls_token": {"content": "<s>"}})
    write_json(folder / "generation_config.json", {"eos_token_id": [3, 2, 9999]})
    tokenizer = load_tokenizer(folder)
    assert (tokenizer.pad, tokenizer.begin, tokenizer.start, tokenizer.end) == (2, 1, 4, 3)
    assert tokenizer.ends == {2, 3}


def test_tokens_beside_the_vocabulary_get_their_own_ids(tmp_path: Path) -> None:
    folder = byte_pairs(tmp_path, "gpt2", ["<|endoftext|>"])
    size = load_tokenizer(folder).vocabulary
    write_json(folder / "added_tokens.json", {"<one>": size, "<two>": size + 1})
    assert load_tokenizer(folder).encode("<two> low<one>")[:1] == [size + 1]
    assert_alike(load_tokenizer(folder), auto(folder), "<two>")
    write_json(folder / "added_tokens.json", {"<one>": size + 1})
    with pytest.raises(UserError, match=rf"adds the token '<one>' as {size + 1}, which is not the next free id"):
        load_tokenizer(folder)


@pytest.mark.parametrize(("bos", "eos"), [(True, False), (False, True), (True, True), (False, False)])
def test_begin_and_end_are_added_where_the_configuration_says_so_without_a_file(
    bos: bool, eos: bool, tmp_path: Path
) -> None:
    folder = FOLDERS["llama"](tmp_path)
    said = json.loads((folder / "tokenizer_config.json").read_text())
    write_json(folder / "tokenizer_config.json", {**said, "add_bos_token": bos, "add_eos_token": eos})
    tokenizer = load_tokenizer(folder)
    assert tokenizer.frame is not None
    assert (tokenizer.frame.before, tokenizer.frame.after) == ((1,) * bos, (2,) * eos)


def test_both_sides_of_marian_share_ids(tmp_path: Path) -> None:
    theirs = auto(marian(tmp_path))
    source, target = load_source_tokenizer(tmp_path), load_tokenizer(tmp_path)
    assert source is not None
    assert source.start == target.start == 3
    for text in ["low lower", "The cat sat, ﬁne", "tab\tand  spaces", ""]:
        assert ids(source, text) == theirs(text)["input_ids"]
        assert ids(target, text) == theirs(text_target=text)["input_ids"]
        known = [token for token in ids(target, text) if token != target.unknown]
        assert target.decode(known) == source.decode(known) == theirs.decode(known, skip_special_tokens=True)
    assert ids(source, "thou art here") != ids(target, "thou art here")
    assert source.encode(">>fra<< low") == theirs(">>fra<< low")["input_ids"][:-1]
    assert load_source_tokenizer(tmp_path / "nowhere") is None


@pytest.mark.parametrize("source", [None, "fr"])
def test_pieces_of_m2m_100_have_the_ids_of_their_list(source: str | None, tmp_path: Path) -> None:
    said = {} if source is None else {"src_lang": source}
    theirs, ours = auto(m2m_100(tmp_path, **said)), load_tokenizer(tmp_path)
    for text in [*SENTENCES, "tab\tand  spaces", "thou art the lowest"]:
        found = ids(ours, text)
        assert found == theirs(text)["input_ids"], text
        known = [token for token in found[1:-1] if token != ours.unknown]
        assert ours.decode(known) == theirs.decode(known)
    for code in multilingual.M2M_100_CODES.split():
        assert ours.token_to_id(f"__{code}__") == theirs.get_lang_id(code)
    assert language(ours) == theirs.get_lang_id(source or "en")
    assert (ours.begin, ours.pad, ours.end, ours.unknown) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"src_lang": "xx"}, "lacks '__xx__', the src_lang"),
        ({"language_codes": "wmt21"}, "has the languages of wmt21, and only m2m100's are known"),
    ],
    ids=str,
)
def test_languages_of_m2m_100_that_are_unknown_are_refused(
    said: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=complaint):
        load_tokenizer(m2m_100(tmp_path, **said))


def test_pieces_of_m2m_100_without_an_id_are_refused(tmp_path: Path) -> None:
    listed = read_config(m2m_100(tmp_path) / "vocab.json")
    last = max(listed, key=lambda piece: listed[piece])
    write_json(tmp_path / "vocab.json", {piece: i for piece, i in listed.items() if piece != last})
    with pytest.raises(UserError, match="not byte-pair encoding whose pieces all have ids from 0 on"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(("name", "codes"), [("mbart", "MBART_CODES"), ("mbart50", "MBART_50_CODES")])
def test_languages_are_in_the_order_of_transformers(name: str, codes: str) -> None:
    module = require_module(f"transformers.models.{name}.tokenization_{name}")
    assert getattr(multilingual, codes).split() == module.FAIRSEQ_LANGUAGE_CODES


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("tokenizer.json", "{}", r"tokenizer\.json is not a tokenizer\.json"),
        ("tokenizer_config.json", "[]", r"tokenizer_config\.json holds no JSON object"),
        ("tokenizer_config.json", "{", r"tokenizer_config\.json cannot be read"),
        ("tokenizer_config.json", '{"tokenizer_class": "EsmTokenizer"}', r"vocab\.txt of EsmTokenizer, .*bert, distil"),
        ("tokenizer_config.json", '{"cls_token": "[BEGIN]"}', r"vocab\.txt lacks '\[BEGIN\]', the cls_token"),
        ("added_tokens.json", '{"x": 1, "y": "z"}', "adds the token 'x' as 1, which is not the next"),
    ],
)
def test_damage_is_told_in_one_line(name: str, content: str, complaint: str, tmp_path: Path) -> None:
    folder = bert(tmp_path)
    (folder / name).write_text(content)
    with pytest.raises(UserError, match=complaint) as caught:
        load_tokenizer(folder)
    assert "\n" not in str(caught.value)


def test_a_language_that_the_file_lacks_is_refused(tmp_path: Path) -> None:
    folder = FOLDERS["mbart"](tmp_path)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "MBartTokenizer", "src_lang": "xx_XX"})
    with pytest.raises(UserError, match=r"tokenizer\.json lacks 'xx_XX', the src_lang of this tokenizer"):
        load_tokenizer(folder)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no tokenizer: neither tokenizer\.json, nor one of: vocab\.txt; vocab"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_cut_short_files_are_refused(name: str, tmp_path: Path) -> None:
    folder = byte_pairs(tmp_path, "roberta", ROBERTA)
    (folder / name).write_text((folder / name).read_text()[:100] + "§")
    with pytest.raises(UserError, match="cannot be read"):
        load_tokenizer(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "roberta"


@KINDS
def test_a_pipe_in_place_of_a_file_is_refused(kind: str, tmp_path: Path) -> None:
    folder = FOLDERS[kind](tmp_path)
    make_pipe = require_attributes("os", "mkfifo").mkfifo
    for file in [path for path in folder.iterdir() if path.name not in ("config.json", "model.safetensors")]:
        content = file.read_bytes()
        file.unlink()
        make_pipe(file)
        with pytest.raises(UserError, match=f"{file.name} is a pipe or a device, where a file is expected"):
            (load_source_tokenizer if file.name == "source.spm" else load_tokenizer)(folder)
        file.unlink()
        file.write_bytes(content)


def test_a_chat_template_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = FOLDERS["gpt2"](tmp_path)
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"chat_template\.jinja cannot be read: 'utf-8' codec can't decode"):
        load_tokenizer(folder)
