"""`cutaway evaluate` tells the figures that a task is known by, on what was held out and on any other data."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from cli.command import printed, refused
from cli.tasks import COUNT, KINDS, MOODS, train_words

pytestmark = pytest.mark.usefixtures("learnt")

FIGURES = {
    "language-modeling": {"loss", "perplexity", "bits_per_character", "accuracy", "tokens"},
    "masked-language-modeling": {"loss", "perplexity", "accuracy", "tokens"},
    "sequence-to-sequence": {"bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "examples"},
    "sequence-classification": {"accuracy", "macro_f1"},
    "token-classification": {"entity_precision", "entity_recall", "entity_f1", "accuracy"},
    "question-answering": {"exact_match", "f1"},
    "algorithmic": {
        *("exact_match", "token_accuracy", "sequences"),
        *("exact_match_beyond", "token_accuracy_beyond", "sequences_beyond"),
    },
}
DATA: dict[str, tuple[str, ...]] = {
    "language-modeling": ("text.txt",),
    "masked-language-modeling": ("text.txt",),
    "sequence-to-sequence": ("pairs",),
    "sequence-classification": ("labels.tsv",),
    "token-classification": ("tags.conll",),
    "question-answering": ("questions.json",),
}


FORMATS = ((), ("--dtype", "bf16"), ("--quantize", "q8"), ("--quantize", "q4"), ("--dtype", "bf16", "--quantize", "q4"))


def measured(*words: str) -> Any:
    return json.loads(printed("evaluate", *words, "--json"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_held_out_is_measured(kind: str) -> None:
    report = measured(kind)
    assert set(report) == {"figures", "parts", "signatures"}
    assert set(report["figures"]) == FIGURES[kind]
    assert all(math.isfinite(value) for value in report["figures"].values())
    shown = printed("evaluate", kind)
    assert {line.split()[0] for line in shown.splitlines() if line} >= {*report["parts"], *report["signatures"]}
    figures = dict(line.split() for line in shown.split("\n\n")[0].splitlines())
    assert figures.keys() == report["figures"].keys()
    name = next(iter(figures))
    assert float(figures[name]) == pytest.approx(report["figures"][name], abs=1e-4)


@pytest.mark.parametrize("quantize", ["q8", "q4"])
def test_figures_before_and_after_quantization(quantize: str) -> None:
    before = measured("language-modeling")["figures"]
    after = measured("language-modeling", "--quantize", quantize)
    assert after["unquantized"]["figures"] == before
    assert after["figures"].keys() == before.keys()
    assert 0 < abs(after["figures"]["loss"] - before["loss"]) < 0.2
    assert after["figures"]["tokens"] == before["tokens"]
    shown = printed("evaluate", "language-modeling", "--quantize", quantize).splitlines()
    assert shown[0].split() == ["unquantized", quantize]
    row = next(line.split() for line in shown if line.startswith("perplexity"))
    figures = (before["perplexity"], after["figures"]["perplexity"])
    assert [float(word) for word in row[1:]] == pytest.approx(figures, abs=1e-3)


def test_dtypes_and_formats_on_the_command_line() -> None:
    texts = {words: printed("score", "language-modeling", "the cat", *words) for words in FORMATS}
    assert len(set(texts.values())) == len(FORMATS)
    for words in FORMATS:
        assert printed("generate", "language-modeling", "the cat", "--max-new-tokens", "3", *words).startswith(
            "the cat"
        )
    assert "stored = plain" in printed("check", "language-modeling", "--quantize", "q8")
    line = refused("evaluate", "language-modeling", "--quantize", "q5")
    assert line == "no quantized format is called 'q5'; known: q8, q4"


@pytest.mark.parametrize("kind", DATA)
def test_any_data_are_measured_as_a_whole(kind: str) -> None:
    own, other = measured(kind)["figures"], measured(kind, "--data", *DATA[kind])
    left_out = {name: value for name, value in other["figures"].items() if name.startswith("skipped")}
    assert other["figures"].keys() - left_out.keys() == own.keys()
    assert list(left_out.values()) == ([] if kind.endswith("language-modeling") else [1])


def test_every_example_is_counted() -> None:
    parts = measured("sequence-classification", "--data", "labels.jsonl")["parts"]
    assert set(parts) == set(MOODS)
    assert sum(part["support"] for part in parts.values()) == COUNT
    assert measured("sequence-to-sequence")["figures"]["examples"] == COUNT // 10
    assert measured("sequence-to-sequence", "--data", "pairs")["figures"]["examples"] == COUNT


def test_fields_may_be_chosen_anew() -> None:
    rows = [json.loads(line) for line in Path("labels.jsonl").read_text().splitlines()]
    Path("other.jsonl").write_text("".join(json.dumps({"a": row["text"], "b": row["label"]}) + "\n" for row in rows))
    chosen = measured("sequence-classification", "--data", "other.jsonl", "--field", "a", "--target", "b")
    assert chosen == measured("sequence-classification", "--data", "labels.jsonl")


def test_bleu_says_how_it_was_computed() -> None:
    signatures = [measured("sequence-to-sequence", *words)["signatures"] for words in ((), ("--tokenize", "none"))]
    assert "tok:13a" in signatures[0]["bleu"]
    assert "tok:none" in signatures[1]["bleu"]


def test_the_search_of_an_evaluation_may_be_chosen() -> None:
    searches = ((), ("--num-beams", "1"), ("--beams", "3", "--length-penalty", "0"))
    assert len({measured("sequence-to-sequence", *words)["figures"]["chrf"] for words in searches}) > 1


def test_tags_that_are_no_entities_are_measured_one_by_one() -> None:
    text = Path("tags.conll").read_text()
    Path("speech.conll").write_text(text.replace(" O", " OTHER").replace("B-animal", "NOUN").replace("B-place", "NOUN"))
    printed(*train_words("token-classification", "new"), "data.path=speech.conll")
    report = measured("new", "--data", "speech.conll")
    assert set(report["figures"]) == {"accuracy", "macro_f1", "skipped (document marks)"}
    assert {name: part["support"] for name, part in report["parts"].items()} == {"NOUN": 2 * COUNT, "OTHER": 3 * COUNT}


def test_checkpoints_are_averaged() -> None:
    figures = [measured("masked-language-modeling", *words)["figures"]["loss"] for words in ((), ("--average", "2"))]
    assert all(map(math.isfinite, figures))
    assert figures[0] != figures[1]
    for count in ("0", "9"):
        line = refused("evaluate", "masked-language-modeling", "--average", count)
        assert f"checkpoints, but the mean of {count} is requested" in line
