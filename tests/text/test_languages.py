"""Sources and targets of multilingual models have the special tokens that they have in `transformers`."""

from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.tasks.task import Tokenizers
from cutaway.tasks.texts import encode_targets
from cutaway.text.hf.folders import load_tokenizer
from cutaway.text.languages import language
from cutaway.text.post_processor import PostProcessor
from cutaway.text.special import WRITING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source
from text.folders import FOLDERS, auto, write_json
from text.kinds import train

TEXT = "the cat sat low"
END = 2
CASES = [
    ("mbart", None, "fi_FI", "ro_RO"),
    ("mbart", "cs_CZ", "ro_RO", "fi_FI"),
    ("mbart 50", "</s>", "fi_FI", "sl_SI"),
    ("m2m_100", "</s>", "zul_Latn", "eng_Latn"),
    ("m2m_100 legacy", "</s>", "zul_Latn", "fra_Latn"),
]


def opened(kind: str, start: str | None, folder: Path) -> tuple[Tokenizer, Any]:
    """A folder's tokenizer, whose model's decoder starts with this token, here and in theirs."""
    theirs = auto(FOLDERS[kind](folder))
    if start is not None:
        start_id = theirs.convert_tokens_to_ids(start)
        write_json(folder / "config.json", {"model_type": kind.split()[0], "decoder_start_token_id": start_id})
    return load_tokenizer(folder), theirs


def shifted(labels: list[int], start: int | None) -> list[int]:
    """Labels after the first token of the decoder: their last one, unless it has a start token (as in theirs)."""
    return [labels[-1] if start is None else start, *labels]


@pytest.mark.parametrize(("kind", "start", "source", "target"), CASES)
def test_both_sides_are_those_of_transformers(
    kind: str, start: str | None, source: str, target: str, tmp_path: Path
) -> None:
    ours, theirs = opened(kind, start, tmp_path)
    theirs.src_lang, theirs.tgt_lang = source, target
    told = Tokenizers(ours).for_languages(source, target)
    expected = theirs(TEXT)["input_ids"]
    assert theirs.convert_tokens_to_ids(source) in expected
    assert around_source(told.source).around(told.source.encode(TEXT)) == expected
    labels = theirs(text_target=TEXT)["input_ids"]
    assert encode_targets(told.text, [TEXT]) == [shifted(labels, END if start == "</s>" else None)]
    assert theirs.convert_tokens_to_ids(target) == (told.text.first or told.text.start)
    assert told.text.start == (END if start == "</s>" else theirs.convert_tokens_to_ids(target))


def test_what_is_not_given_is_kept(tmp_path: Path) -> None:
    ours, _ = opened("m2m_100", "</s>", tmp_path)
    assert Tokenizers(ours).for_languages(None, None) == Tokenizers(ours)
    read = Tokenizers(ours).for_languages("zul_Latn", None).text
    assert (read.start, read.first) == (END, None)
    assert language(read) == ours.token_to_id("zul_Latn") != language(ours)
    written = Tokenizers(ours).for_languages(None, "zul_Latn").text
    assert (written.start, written.first, written.frame) == (END, ours.token_to_id("zul_Latn"), ours.frame)


def test_a_code_may_be_without_its_underscores() -> None:
    plain = train("word", (*WRITING, "__en__", "__fr__"))
    english, french = (plain.token_to_id(token) for token in ("__en__", "__fr__"))
    assert english is not None
    ours = plain.with_frame(PostProcessor(before=(english,), after=(3,)))
    read = Tokenizers(ours).for_languages("fr", None).text
    assert read.frame == PostProcessor(before=(french,), after=(3,))


@pytest.mark.parametrize(("code", "complaint"), [("en_XY", "did you mean 'en_XX'"), ("</s>", "no language '</s>'")])
def test_a_language_that_is_unknown_is_refused(code: str, complaint: str, tmp_path: Path) -> None:
    ours, _ = opened("mbart 50", "</s>", tmp_path)
    for pair in ((code, None), (None, code)):
        with pytest.raises(UserError, match=complaint):
            Tokenizers(ours).for_languages(*pair)


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_a_tokenizer_without_languages_says_so(kind: str, tmp_path: Path) -> None:
    ours = load_tokenizer(FOLDERS[kind](tmp_path))
    assert language(ours) is None
    with pytest.raises(UserError, match="has no token for the language of a text: leave 'fr' out"):
        Tokenizers(ours).for_languages(None, "fr")


def test_targets_need_a_language_if_sources_have_one(tmp_path: Path) -> None:
    ours, _ = opened("m2m_100", "</s>", tmp_path)
    with pytest.raises(UserError, match=r"has a language for sources and none for targets: add .* forced_bos_token_id"):
        encode_targets(ours, [TEXT])
