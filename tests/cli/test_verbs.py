"""Every verb on a run of its task: however texts are given, and for people and programs."""

import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.command import printed, refused, run
from cli.tasks import ANIMALS, COUNT, INPUTS, MOODS, SMALL, alike
from cutaway.tasks.algorithmic.task import AlgorithmicTask

pytestmark = pytest.mark.usefixtures("learnt")

TRANSLATE = ("translate", "sequence-to-sequence")
WAYS = [
    *((kind, verb, texts) for kind, (verb, texts) in INPUTS.items()),
    ("masked-language-modeling", "embed", ["the cat", "a rat that ran far", "mat"]),
    ("question-answering", "embed", ["the cat", "where does it live", "horse"]),
]


def told(*words: str | Path) -> Any:
    """What a command tells a program."""
    return json.loads(printed(*words, "--json"))


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(("kind", "verb", "texts"), WAYS, ids=[f"{verb} {kind}" for kind, verb, _ in WAYS])
def test_texts_are_the_same_however_they_are_given(
    kind: str, verb: str, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = told(verb, kind, *texts)
    assert len(together) == len(texts)
    assert alike(together, [told(verb, kind, text)[0] for text in texts])
    assert not alike(together, together[::-1])
    Path("texts.txt").write_bytes("\ufeff".encode() + "\r\n".join(texts).encode())
    assert told(verb, kind, "--file", "texts.txt") == together
    type_in(monkeypatch, "\n".join(texts) + "\n")
    assert told(verb, kind, "--file", "-") == together
    if verb != "tag":
        assert [one["text"] for one in together] == texts


def test_fill_names_so_many_tokens_for_each_mask() -> None:
    texts = INPUTS["masked-language-modeling"][1]
    found = told("fill", "masked-language-modeling", *texts, "--top-k", "3")
    assert [len(one["masks"]) for one in found] == [text.count("[MASK]") for text in texts]
    for candidates in (mask for one in found for mask in one["masks"]):
        probabilities = [candidate["probability"] for candidate in candidates]
        assert len({candidate["token"] for candidate in candidates}) == 3
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) < 1
    lines = printed("fill", "masked-language-modeling", *texts, "--top-k", "3").splitlines()
    assert len(lines) == sum(1 + text.count("[MASK]") for text in texts)
    assert lines[:1] == texts[:1]
    assert lines[1].split()[0] == found[0]["masks"][0][0]["token"]


def test_classify_tells_the_probabilities_of_all_labels() -> None:
    texts = INPUTS["sequence-classification"][1]
    found = told("classify", "sequence-classification", *texts)
    for one in found:
        assert set(one["probabilities"]) == set(MOODS)
        assert math.isclose(sum(one["probabilities"].values()), 1)
        assert one["probability"] == one["probabilities"][one["label"]] == max(one["probabilities"].values())
    expected = [f"{one['label']} {one['probability']:.1%}\t{one['text']}" for one in found]
    assert printed("classify", "sequence-classification", *texts).splitlines() == expected


def test_empty_lines_of_a_file_count() -> None:
    Path("texts.txt").write_text("a good cat\n\na bad cat\n")
    assert [one["text"] for one in told("classify", "sequence-classification", "--file", "texts.txt")] == [
        *("a good cat", "", "a bad cat"),
    ]
    assert [len(words) for words in told("tag", "token-classification", "--file", "texts.txt")] == [3, 0, 3]
    assert "text 2 is empty" in refused(*TRANSLATE, "--file", "texts.txt")
    assert "text 2 is empty" in refused("embed", "sequence-classification", "--file", "texts.txt")


def test_tag_gives_every_word_a_tag() -> None:
    texts = INPUTS["token-classification"][1]
    found = told("tag", "token-classification", *texts)
    assert [[one["word"] for one in words] for words in found] == [text.split() for text in texts]
    assert {one["tag"] for words in found for one in words} <= {"O", "B-animal", "B-place"}
    assert all(0 < one["probability"] <= 1 for words in found for one in words)
    tables = printed("tag", "token-classification", *texts).split("\n\n")
    assert len(tables) == len(texts)
    assert tables[0].splitlines()[1].split()[:2] == [found[0][0]["word"], found[0][0]["tag"]]


def test_embed_gives_vectors_as_wide_as_the_model() -> None:
    words = ("embed", "sequence-classification", "a good cat", "a dog")
    found = {pooling: told(*words, "--pooling", pooling) for pooling in ("mean", "cls", "max", "last")}
    assert all(len(one["embedding"]) == 16 for vectors in found.values() for one in vectors)
    assert len({tuple(vectors[0]["embedding"]) for vectors in found.values()}) == 4
    assert told(*words) == found["mean"]
    lines = printed(*words).splitlines()
    assert [len(line.split()) for line in lines] == [16, 16]
    assert float(lines[1].split()[0]) == pytest.approx(found["mean"][1]["embedding"][0], rel=1e-5)


def test_several_translations_come_with_their_scores_best_first() -> None:
    texts = INPUTS["sequence-to-sequence"][1]
    found = told(*TRANSLATE, *texts, "--n-best", "3")
    for one in found:
        scores = [written["score"] for written in one["written"]]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
    lines = printed(*TRANSLATE, *texts, "--n-best", "3").split("\n")
    assert lines[:3] == [f"{one['score']:.4f}\t{one['text']}" for one in found[0]["written"]]
    best = "\n".join(one["written"][0]["text"] for one in found)
    assert printed(*TRANSLATE, *texts) == printed("summarize", *TRANSLATE[1:], *texts) == f"{best}\n"


def test_the_search_is_as_wide_and_likes_length_as_it_is_told() -> None:
    text = INPUTS["sequence-to-sequence"][1][0]
    found = [told(*TRANSLATE, text, *words)[0]["written"][0] for words in ((), ("--beams=1",), ("--length-penalty=0",))]
    assert found[1]["log_probability"] <= found[2]["log_probability"] == found[2]["score"]
    assert found[0]["score"] != found[2]["score"]


def test_samples_are_drawn_again_from_the_same_seed() -> None:
    words = (*TRANSLATE, *INPUTS["sequence-to-sequence"][1], "--sample")
    drawn = [printed(*words, *seed) for seed in ((), ("--seed", "0"), ("--seed", "1"), ("--temperature", "0.5"))]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
    assert len({printed(*words, "--temperature", "0", "--seed", seed) for seed in "12"}) == 1


def test_a_text_that_is_too_long_is_cut_only_if_that_is_asked_for() -> None:
    long = "the cat sees the house " * 20
    assert "text 2 has " in (line := refused(*TRANSLATE, "the cat", long))
    assert "the model takes at most 32" in line
    outcome = run(*TRANSLATE, "the cat", long, "--truncate")
    assert (outcome.status, outcome.err) == (0, "1 of 2 texts cut to 32 tokens\n")
    assert outcome.out.count("\n") == 2
    assert run(*TRANSLATE, "the cat", "--truncate").err == ""


def test_an_answer_stands_in_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    context = "The cat lives in the house. " * 3 + "The dog lives in the garden, and the cow on the field."
    words = ("answer", "question-answering", "Where does the dog live?")
    found = told(*words, context)
    assert context[found["start"] : found["end"]] == found["answer"] != ""
    assert 0 < found["probability"] <= 1
    assert printed(*words, context) == f"{found['answer']}\t{found['probability']:.1%}\n"
    Path("context.txt").write_text(context)
    assert told(*words, "--file", "context.txt") == found
    type_in(monkeypatch, context)
    assert told(*words, "--file", "-") == found


def test_numbers_are_sorted_a_row_a_line() -> None:
    rows = [[3, 1, 2, 19, 0], [7, 7], [5]]
    Path("rows.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
    found = told("sort", "algorithmic", "--file", "rows.txt")
    assert [one["numbers"] for one in found] == rows
    assert [len(one["result"]) for one in found] == [len(row) for row in rows]
    assert all(0 <= number < 20 for one in found for number in one["result"])
    assert told("sort", "algorithmic", *map(str, rows[0])) == found[:1]
    assert printed("sort", "algorithmic", "--file", "rows.txt").splitlines() == [
        " ".join(map(str, one["result"])) for one in found
    ]


def test_each_operation_is_a_verb_of_its_own() -> None:
    choices = ("task.operation=reverse", "task.length=4", "task.symbols=9", "task.held_out=20")
    printed("train", "sorter", "--out", "new", *SMALL, *choices, "train.batch_size=4")
    assert len(told("reverse", "new", "8", "1", "2")[0]["result"]) == 3
    assert "this model cannot sort: it was trained for algorithmic, and can reverse" in refused("sort", "new", "1")


def test_numbers_are_added_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = ("task.operation=add", "task.length=3", "task.symbols=10", "task.held_out=20")
    printed("train", "sorter", "--out", "new", *SMALL, *choices, "train.batch_size=4")
    assert isinstance(told("add", "new", "12", "30")[0]["result"], int)

    def right(_task: object, _loaded: object, rows: Sequence[list[int]]) -> list[list[int]]:
        """What a model that has learnt it well says, below the equals signs; anything may stand before."""
        found = []
        for row in rows:
            plus, equals = row.index(10), row.index(11)
            numbers = row[:plus], row[plus + 1 : equals]
            assert len(numbers[0]) == len(numbers[1]) >= 3
            assert row[equals:] == [11] * (plus + 1)
            total = sum(int("".join(map(str, number))) for number in numbers)
            found.append([9] * equals + [int(digit) for digit in f"{total:0{plus + 1}}"])
        return found

    monkeypatch.setattr(AlgorithmicTask, "predict", right)
    Path("sums.txt").write_text("12 30\n0 0\n999 1\n12345 678\n")
    assert printed("add", "new", "--file", "sums.txt").split() == ["42", "0", "1000", "13023"]
    assert told("add", "new", "47", "85") == [{"numbers": [47, 85], "result": 132}]


def test_a_run_tells_how_it_cuts_texts_on_both_sides() -> None:
    for kind in INPUTS:
        assert told("tokenize", kind, "the cat")["unknown"] == 0
        assert told("tokenize", f"{kind}/tokenizer.json", "the cat") == told("tokenize", kind, "the cat")
    words = ("transformer-tiny", "--data", "pairs.tsv", "source_tokenizer=word", "train.batch_tokens=200")
    printed("train", *words, *SMALL, "--out", "new")
    animals = [*ANIMALS][: -(-COUNT // 6)]
    assert [one["token"] for one in told("tokenize", "new", " ".join(animals), "--source")["tokens"]] == animals
    assert told("tokenize", "new", "the cat")["tokens"] != told("tokenize", "new", "the cat", "--source")["tokens"]


def test_output_has_a_line_per_line_of_input(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\ufeffthe cat\rsat on\u2028it\na mat\r\n".encode()
    Path("texts.txt").write_bytes(content)
    texts = ["the cat\rsat on\u2028it", "a mat"]
    found = told("classify", "sequence-classification", "--file", "texts.txt")
    assert [one["text"] for one in found] == texts
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="cp1252"))
    assert told("classify", "sequence-classification", "--file", "-") == found
    lines = printed("classify", "sequence-classification", "--file", "texts.txt").split("\n")
    assert [line.partition("\t")[2] for line in lines] == ["the cat\\rsat on\u2028it", "a mat", ""]
    Path("texts.csv").write_bytes('label,text\nx,"the cat\rsat on\u2028it"\ny,a mat\n'.encode())
    assert told("classify", "sequence-classification", "--file", "texts.csv") == found


def test_written_texts_with_line_breaks_stay_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(self: Any, sources: list[str], *more: Any) -> list[list[dict[str, Any]]]:
        return [[{"text": f"{source}\r\nand more", "score": 0.0}] for source in sources]

    monkeypatch.setattr("cutaway.generation.seq2seq.Seq2SeqGenerator.search", search)
    Path("one.txt").write_text("the cat\n")
    assert printed(*TRANSLATE, "--file", "one.txt") == "the cat\\r\\nand more\n"
    assert printed(*TRANSLATE, "the cat", "a mat").splitlines() == ["the cat\\r\\nand more", "a mat\\r\\nand more"]
    assert printed(*TRANSLATE, "the cat") == "the cat\r\nand more\n"


def test_invalid_utf_8_on_standard_input_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the cat\n\xff\n")))
    message = refused("classify", "sequence-classification", "--file", "-")
    assert message.startswith("standard input is not UTF-8 text (invalid byte at 8)")
