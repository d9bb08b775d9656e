"""A small run of every task, and the files that it learns from."""

import json
import math
from pathlib import Path
from typing import Any

from cli.command import TEXT

SMALL = (
    "model.width=16",
    "model.layers=1",
    "model.attention.heads=2",
    "model.context=32",
    "train.steps=2",
    "train.save_every=1",
    "train.sample_tokens=5",
    "train.device=cpu",
    "train.precision=fp32",
)
FEW = "train.batch_size=4"

ANIMALS = {
    "cat": "Katze",
    "dog": "Hund",
    "horse": "Pferd",
    "goose": "Gans",
    "mouse": "Maus",
    "cow": "Kuh",
    "fox": "Fuchs",
}
PLACES = {"house": "Haus", "garden": "Garten", "wood": "Wald", "river": "Fluss", "field": "Feld", "town": "Stadt"}
COUNT = 40
PLACED = [(animal, place) for animal in ANIMALS for place in PLACES][:COUNT]
MOODS = ("good", "bad")

KINDS: dict[str, tuple[str, ...]] = {
    "language-modeling": ("gpt-nano", "--data", "text.txt", FEW),
    "masked-language-modeling": ("bert-nano", "--data", "text.txt", FEW),
    "sequence-to-sequence": (
        *("transformer-tiny", "--data", "pairs", "data.field=en", "data.target=de", "train.batch_tokens=200"),
    ),
    "sequence-classification": ("bert-nano", "--data", "labels.tsv", FEW),
    "token-classification": ("bert-nano", "--data", "tags.conll", FEW),
    "question-answering": ("bert-nano", "--data", "questions.json", "task.stride=4", FEW),
    "algorithmic": ("sorter", "task.length=5", "task.symbols=20", "task.held_out=50", FEW),
}
"""By task, what is trained for it: preset, data and choices."""

INPUTS: dict[str, tuple[str, list[str]]] = {
    "masked-language-modeling": ("fill", ["the [MASK] sat", "[MASK] and a [MASK] that ran far", "[MASK]"]),
    "sequence-to-sequence": ("translate", ["the cat sees the house", "the dog", "a goose sees it"]),
    "sequence-classification": ("classify", ["a good cat", "it was a bad day in the wood", "dog"]),
    "token-classification": ("tag", ["the cat sees the house", "a  goose", "dog"]),
}
"""By task, its verb, and three texts of different lengths."""


def chosen_words(kind: str) -> tuple[str, ...]:
    """What is chosen when a small model is trained for a task."""
    preset, *rest = KINDS[kind]
    return (preset, "--task", kind, *SMALL, *rest)


def train_words(kind: str, out: str) -> tuple[str, ...]:
    """The words that train a small model for a task."""
    return ("train", *chosen_words(kind), "--out", out)


def write_files(folder: Path) -> None:
    """Writes what the tasks learn from: each of `COUNT` examples, and one that is left out."""
    (folder / "text.txt").write_text(TEXT)
    sides = [f"the {a} sees the {p}" for a, p in PLACED], [f"{ANIMALS[a]} sieht {PLACES[p]}" for a, p in PLACED]
    for ending, lines in zip(("en", "de"), sides, strict=True):
        (folder / f"pairs.{ending}").write_text("\n".join([*lines, "", ""]))
    (folder / "pairs.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in zip(*sides, strict=True)))
    labelled = [(f"a {MOODS[i % 2]} {a} in the {p}", MOODS[i % 2]) for i, (a, p) in enumerate(PLACED)]
    (folder / "labels.tsv").write_text("".join(f"{text}\t{label}\n" for text, label in [*labelled, ("a cow", "")]))
    rows = [{"text": text, "label": label} for text, label in labelled]
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sentences = [f"the O\n{a} B-animal\nsees O\nthe O\n{p} B-place\n" for a, p in PLACED]
    (folder / "tags.conll").write_text("\n".join(["-DOCSTART- O\n", *sentences]))
    (folder / "questions.json").write_text(json.dumps({"data": [{"paragraphs": [_paragraph(*one) for one in PLACED]}]}))


def _paragraph(animal: str, place: str) -> dict[str, Any]:
    context = f"The {animal} lives in the {place}."
    answers = [{"text": place, "answer_start": context.index(place)}]
    asked = {"id": f"{animal} {place}", "question": f"Where does the {animal} live?", "answers": answers}
    unanswerable = {"id": "why", "question": "Why?", "answers": []}
    return {"context": context, "qas": [asked] if (animal, place) != PLACED[0] else [asked, unanswerable]}


def alike(one: Any, other: Any) -> bool:
    """Whether two results of JSON are the same, but for the last digits of numbers."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-5) if isinstance(one, float) else bool(one == other)
