"""Rows of other people's tokenizers: what their own library puts around a text, two texts, a source and a target."""

from collections import Counter
from pathlib import Path

import pytest

from cutaway.data.examples import Pair
from cutaway.errors import UserError
from cutaway.tasks.question_answering.context_windows import Windowing
from cutaway.tasks.sequence_to_sequence.task import PairTokenizers
from cutaway.tasks.texts import encode_inputs
from cutaway.tasks.token_classification.task import align
from cutaway.text.hf.folders import load_source_tokenizer, load_tokenizer
from text.folders import FOLDERS, auto, marian, write_json

TEXTS = ["The cat sat", "low lower lowest", ""]


@pytest.mark.parametrize("kind", list(FOLDERS))
def test_a_sentence_is_a_text_of_theirs(kind: str, tmp_path: Path) -> None:
    folder = FOLDERS[kind](tmp_path)
    assert encode_inputs(load_tokenizer(folder), TEXTS) == auto(folder)(TEXTS)["input_ids"]


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_question_and_its_context_are_a_pair_of_theirs(kind: str, tmp_path: Path) -> None:
    folder = FOLDERS[kind](tmp_path)
    theirs = auto(folder)(*TEXTS[:2], return_token_type_ids=True)
    (row,) = Windowing(load_tokenizer(folder), limit=40, stride=2).rows(*TEXTS[:2])
    assert row.tokens == theirs["input_ids"]
    assert row.segments == theirs["token_type_ids"]
    assert TEXTS[1][slice(*row.offsets[0])].strip() in TEXTS[1]
    begun = [i for i, sequence in enumerate(theirs.sequence_ids()) if sequence == 1]
    assert (row.begin, len(row.offsets)) == (begun[0], len(begun))


def test_a_question_needs_something_between_it_and_its_context(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="question answering needs a tokenizer with"):
        Windowing(load_tokenizer(FOLDERS["gpt2"](tmp_path)), limit=40, stride=2)


def test_words_stand_behind_what_begins_a_text(tmp_path: Path) -> None:
    folder = FOLDERS["roberta"](tmp_path)
    tokens, starts = align(load_tokenizer(folder), ["The", "cat"])
    assert tokens == auto(folder)(" The cat")["input_ids"]
    assert starts[0] == 1


def test_a_target_begins_where_their_decoder_starts(tmp_path: Path) -> None:
    folder = FOLDERS["bart"](tmp_path / "bart")
    write_json(folder / "config.json", {"model_type": "bart", "decoder_start_token_id": 2})
    theirs, ours = auto(folder), load_tokenizer(folder)
    (row,) = PairTokenizers(ours, ours).rows([Pair("low", "lower")], 40, Counter())
    assert row.source == theirs("low")["input_ids"]
    assert row.target == [2, *theirs("lower")["input_ids"]]
    folder = marian(tmp_path / "marian")
    theirs, source = auto(folder), load_source_tokenizer(folder)
    assert source is not None
    (row,) = PairTokenizers(source, load_tokenizer(folder)).rows([Pair("low", "the sun")], 40, Counter())
    assert row.source == theirs("low")["input_ids"]
    assert row.target == [3, *theirs(text_target="the sun")["input_ids"]]
