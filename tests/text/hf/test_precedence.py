"""Where the files of a folder contradict each other, ids are those of `transformers`, and the contradiction is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.hub.families import FAMILIES
from cutaway.model.run_folder import read_json
from cutaway.text.hf.classes import OF_MODELS, SWAPPED, UNCHANGED
from cutaway.text.hf.folders import load_tokenizer, tokenizer_with_notes
from support import require_module
from text.folders import CONVERTED, FOLDERS, auto, write_json

TEXTS = [
    *("The quick BROWN fox, isn't it?", " naïve CAFÉ é", "a  b\n\n\tc ", "漢字 テスト", "x12345 ½", "", "low lower"),
    *("cafe\u0301", "tab\tand  spaces\u3000wide \u00a0here", "🙂 don't we'LL"),
]
CASES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "nothing": ("bert", {}, False),
    "lower case": ("bert", {"do_lower_case": False}, True),
    "accents": ("bert", {"strip_accents": False}, True),
    "chinese": ("bert", {"tokenize_chinese_chars": False}, True),
    "another class": ("bert", {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}, False),
    "a space": ("gpt2", {"add_prefix_space": True}, True),
    "a space in roberta": ("roberta", {"add_prefix_space": True}, True),
    "a begin token": ("gpt2", {"add_bos_token": True, "bos_token": "<|endoftext|>"}, True),
    "an end token": ("gpt2", {"add_eos_token": True, "eos_token": "<|endoftext|>"}, True),
    "a begin token of llama": ("llama", {"add_bos_token": False}, True),
    "no prefix in llama": ("llama", {"add_prefix_space": False}, True),
    "legacy": ("llama", {"legacy": True}, False),
    "gpt2 by the class of llama": ("gpt2", {"tokenizer_class": "LlamaTokenizer"}, False),
    "t5": ("t5", {}, False),
    "mbart": ("mbart", {}, False),
    "a language of mbart": ("mbart", {"src_lang": "fi_FI"}, True),
    "a language of nllb": ("m2m_100", {"src_lang": "zul_Latn"}, True),
    "an older nllb": ("m2m_100", {"legacy_behaviour": True}, True),
    "a language of mbart 50": ("mbart 50", {"src_lang": "sl_SI"}, True),
    "gemma": ("gemma", {}, False),
    "a begin token of gemma": ("gemma", {"add_bos_token": True}, True),
    "gemma by a class that uses the file": ("gemma", {"tokenizer_class": "PreTrainedTokenizerFast"}, False),
}


@pytest.mark.parametrize("case", CASES)
def test_ids_are_those_of_transformers(case: str, tmp_path: Path) -> None:
    kind, said, is_told = CASES[case]
    folder = saved(kind, tmp_path)
    write_json(folder / "tokenizer_config.json", read_json(folder / "tokenizer_config.json") | said)
    tokenizer, notes = tokenizer_with_notes(folder)
    assert_same(folder, lambda text: ids(tokenizer, text))
    assert bool(notes) == is_told, notes
    for note in notes:
        assert any(f"{name}={value}".lower() in note.lower() for name, value in said.items()), note


def saved(kind: str, tmp_path: Path) -> Path:
    """A folder with a `tokenizer.json` as `transformers` writes it."""
    auto({**FOLDERS, **CONVERTED}[kind](tmp_path / "slow")).save_pretrained(tmp_path / "fast")
    write_json(tmp_path / "fast" / "config.json", read_json(tmp_path / "slow" / "config.json"))
    return tmp_path / "fast"


def ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer.frame.around(tokenizer.encode(text)))


def assert_same(folder: Path, of: Callable[[str], list[int]]) -> None:
    theirs = auto(folder)
    for text in TEXTS:
        assert of(text) == theirs(text)["input_ids"], text


@pytest.mark.parametrize("name", ["GemmaTokenizer", "GemmaTokenizerFast", "PreTrainedTokenizerFast", None])
def test_gemma_makes_the_parts_of_its_file_itself(name: str | None, tmp_path: Path) -> None:
    folder = saved("gemma", tmp_path)
    content = read_json(folder / "tokenizer.json")
    content["normalizer"] = {"type": "Prepend", "prepend": "▁"}
    content["model"]["byte_fallback"] = False
    write_json(folder / "tokenizer.json", content)
    config = read_json(folder / "tokenizer_config.json")
    write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": name})
    tokenizer, notes = tokenizer_with_notes(folder)
    assert_same(folder, lambda text: ids(tokenizer, text))
    assert bool(notes) == (name != "PreTrainedTokenizerFast")


def test_gemma_texts_come_back(tmp_path: Path) -> None:
    folder = saved("gemma", tmp_path)
    tokenizer, theirs = load_tokenizer(folder), auto(folder)
    for text in TEXTS:
        there = theirs(text)["input_ids"]
        assert tokenizer.decode(there) == theirs.decode(there, skip_special_tokens=True) == text


MODELS = ["gpt2", "gpt_neox", "llama", "mistral", "mixtral", "opt", "phi3", "qwen2", "qwen3", "nanochat", "deepseek_v3"]
NAMED = [None, "PreTrainedTokenizerFast", "GPT2TokenizerFast", "GPTNeoXTokenizerFast", "Qwen2Tokenizer"]


@pytest.mark.parametrize("model_type", MODELS)
@pytest.mark.parametrize("name", NAMED)
def test_the_class_follows_from_the_folder_s_model_and_name(model_type: str, name: str | None, tmp_path: Path) -> None:
    folder = saved("gpt2", tmp_path)
    config = {
        key: value for key, value in read_json(folder / "tokenizer_config.json").items() if key != "tokenizer_class"
    }
    write_json(folder / "tokenizer_config.json", config | ({} if name is None else {"tokenizer_class": name}))
    write_json(folder / "config.json", {"model_type": model_type})
    tokenizer = load_tokenizer(folder)
    assert_same(folder, lambda text: ids(tokenizer, text))


@pytest.mark.parametrize("said", [{}, {"add_bos_token": True}, {"add_prefix_space": True}], ids=str)
def test_the_class_of_gpt_neox_adds_nothing_around_a_text(said: dict[str, Any], tmp_path: Path) -> None:
    folder = saved("gpt2", tmp_path)
    end = {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}
    texts = [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"]
    frame = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, texts[0]],
        "pair": texts,
        "special_tokens": {"<|endoftext|>": end},
    }
    write_json(folder / "tokenizer.json", read_json(folder / "tokenizer.json") | {"post_processor": frame})
    config = read_json(folder / "tokenizer_config.json")
    write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": "GPTNeoXTokenizer"} | said)
    tokenizer, notes = tokenizer_with_notes(folder)
    assert_same(folder, lambda text: ids(tokenizer, text))
    assert "GPTNeoXTokenizer" in notes[0]
    assert "post_processor" in notes[0]


def test_their_class_of_each_model_is_known() -> None:
    require_module("transformers")
    from transformers.models.auto import tokenization_auto as theirs

    generic = {None, "TokenizersBackend", "MistralCommonBackend", "MarianTokenizer", "M2M100Tokenizer"}
    names = {name: theirs.TOKENIZER_MAPPING_NAMES.get(name) for name in FAMILIES}
    assert {name: one for name, one in names.items() if one not in generic} == OF_MODELS
    assert {name for name, one in names.items() if one in ("TokenizersBackend", "MistralCommonBackend")} == UNCHANGED
    assert (set(FAMILIES) & theirs.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS) - UNCHANGED == SWAPPED
