"""What data is for is seen from its first lines and the names of its files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from cutaway.config.data import DataConfig, DataKind
from cutaway.config.reading import load_preset, override, presets
from cutaway.config.task import task_record, trained_kinds
from cutaway.errors import UserError
from cutaway.runs.guess import Guess, guess, preset_for
from cutaway.runs.requirements import chosen_by_task, require_model
from runs.kinds import KINDS as RUNS
from runs.kinds import write_data
from support import require_module

TEXTS = ["a good film", "a bad film", "a long film", "a short film", "a sad one", "a funny one"]
CLASSIFICATION = "sequence_classification"


def table(separator: str, header: list[str] | None, *columns: list[str]) -> str:
    rows = [*([header] if header else []), *map(list, zip(*columns, strict=True))]
    return "".join(separator.join(row) + "\n" for row in rows)


def rows(**columns: list[object]) -> str:
    return "".join(
        json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True)
    )


SIGNS, SCORES, STARS = list("010101"), ["0.5", "1.5", "2", "3.25", "1", "4"], list("513244")
GERMAN = ["ein guter Film", "ein schlechter", "ein langer", "ein kurzer", "ein trauriger", "ein lustiger"]
SQUAD = {
    "context": "it rains",
    "qas": [{"id": "1", "question": "what?", "answers": [{"text": "it", "answer_start": 0}]}],
}
UNIPROT = "".join(f">sp|P{i}|A_HUMAN Kinase{i % 2} 3 OS=Homo\nMKV\n" for i in range(6))

FILES: dict[str, tuple[str, tuple[str, str, list[str]]]] = {
    "usual.csv": (table(",", ["text", "label"], TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "review.csv": (
        table(",", ["review", "sentiment"], TEXTS, SIGNS),
        (CLASSIFICATION, "bert-nano", ['data.field="review"', 'data.target="sentiment"']),
    ),
    "first.csv": (
        table(",", ["Category", "Message"], SIGNS, TEXTS),
        (CLASSIFICATION, "bert-nano", ['data.field="Message"', 'data.target="Category"']),
    ),
    "wide.tsv": (
        table("\t", ["id", "sentence", "category"], list("123456"), TEXTS, SIGNS),
        (CLASSIFICATION, "bert-nano", ['data.field="sentence"', 'data.target="category"']),
    ),
    "plain.tsv": (table("\t", None, TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "swapped.tsv": (
        table("\t", None, SIGNS, TEXTS),
        (CLASSIFICATION, "bert-nano", ['data.field="2"', 'data.target="1"']),
    ),
    "spaced.csv": (
        table(",", ["Review Text", " Sentiment"], TEXTS, SIGNS),
        (CLASSIFICATION, "bert-nano", ['data.field="Review Text"', 'data.target="Sentiment"']),
    ),
    "index.csv": (table(",", ["", "text", "label"], list("123456"), TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "spam.csv": (
        table(",", ["v1", "v2", "", ""], list("aaabab"), TEXTS, [""] * 6, [""] * 6),
        (CLASSIFICATION, "bert-nano", ['data.field="v2"', 'data.target="v1"']),
    ),
    "trailing.csv": (table(",", ["text", "label", ""], TEXTS, SIGNS, [""] * 6), (CLASSIFICATION, "bert-nano", [])),
    "bars.csv": (table("|", ["text", "label"], TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "semicolons.csv": (
        table(";", None, [f"{text}, really" for text in TEXTS], SIGNS),
        (CLASSIFICATION, "bert-nano", []),
    ),
    "excel.csv": ("sep=;\n" + table(";", ["text", "label"], TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "array.json": (
        json.dumps([{"text": text, "label": sign} for text, sign in zip(TEXTS, SIGNS, strict=True)]),
        (CLASSIFICATION, "bert-nano", []),
    ),
    "lines.txt": (rows(text=TEXTS, label=SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "plain.txt": (table("\t", None, TEXTS, SIGNS), (CLASSIFICATION, "bert-nano", [])),
    "odd.csv": (
        table(",", ["wording", "kind"], TEXTS, SIGNS),
        (CLASSIFICATION, "bert-nano", ['data.field="wording"', 'data.target="kind"']),
    ),
    "numbers.csv": (
        table(",", ["text", "label"], TEXTS, SCORES),
        (CLASSIFICATION, "bert-nano", ['task.problem="regression"']),
    ),
    "stars.csv": (
        table(",", ["text", "stars"], TEXTS, STARS),
        (CLASSIFICATION, "bert-nano", ['data.field="text"', 'data.target="stars"', 'task.problem="regression"']),
    ),
    "several.jsonl": (
        rows(text=TEXTS, labels=[["a"], [], ["a", "b"], ["b"], [], []]),
        (CLASSIFICATION, "bert-nano", ['task.problem="multi_label"']),
    ),
    "lacking.jsonl": (rows(text=TEXTS, label=[0.0, 1.0, None, 0.0, 1.0, 0.0]), (CLASSIFICATION, "bert-nano", [])),
    "pairs.jsonl": (rows(source=TEXTS, target=GERMAN), ("sequence_to_sequence", "t5-nano", [])),
    "pairs.tsv": (table("\t", None, TEXTS, GERMAN), ("sequence_to_sequence", "t5-nano", [])),
    "languages.csv": (
        table(",", ["en", "de"], TEXTS, GERMAN),
        ("sequence_to_sequence", "t5-nano", ['data.field="en"', 'data.target="de"']),
    ),
    "news.jsonl": (
        rows(article=TEXTS, summary=GERMAN),
        ("sequence_to_sequence", "t5-nano", ['data.field="article"', 'data.target="summary"']),
    ),
    "asked.jsonl": (
        rows(question=TEXTS, answer=GERMAN),
        ("sequence_to_sequence", "t5-nano", ['data.field="question"', 'data.target="answer"']),
    ),
    "questions.jsonl": (
        rows(
            context=TEXTS,
            question=GERMAN,
            answers=[{"text": [text[:1]], "answer_start": [0]} for text in TEXTS],
        ),
        ("question_answering", "bert-nano", []),
    ),
    "dialogues.json": (
        json.dumps({name: dict(enumerate(cells)) for name, cells in (("en", TEXTS), ("de", GERMAN))}),
        ("sequence_to_sequence", "t5-nano", ['data.field="en"', 'data.target="de"']),
    ),
    "texts.jsonl": (rows(text=TEXTS), ("language_modeling", "gpt-nano", [])),
    "contents.jsonl": (rows(content=TEXTS), ("language_modeling", "gpt-nano", ['data.field="content"'])),
    "pictures.csv": (
        table(",", ["path", "label"], [f"{i}.png" for i in SIGNS], SIGNS),
        ("image_classification", "vit-nano", []),
    ),
    "captions.jsonl": (
        rows(image=[f"{text}.jpg" for text in TEXTS], caption=TEXTS),
        ("image_captioning", "caption-nano", ['data.field="image"', 'data.target="caption"']),
    ),
    "sounds.csv": (
        table(",", ["file", "class"], [f"{i}.wav" for i in SIGNS], SIGNS),
        ("audio_classification", "audio-nano", ['data.field="file"', 'data.target="class"']),
    ),
    "squad.json": (json.dumps({"data": [{"paragraphs": [SQUAD]}]}), ("question_answering", "bert-nano", [])),
    "tags.conll": ("a O\ncat B-animal\n\nit O\n\n", ("token_classification", "bert-nano", [])),
    "tags.txt": ("# newdoc\na O\ncat B-animal\n\nit O\n\n", ("token_classification", "bert-nano", [])),
    "rings.edges": ("label: ring\na b\nb a\n", ("graph_classification", "graph-nano", [])),
    "book.txt": ("It was a dark night.\n\nIt rained.\n", ("language_modeling", "gpt-nano", [])),
    "code.py": ("def run():\n\treturn 1\n", ("language_modeling", "gpt-nano", [])),
    "families.fasta": (
        "".join(f">P{i} family{i % 2}\nMKV\n" for i in range(6)),
        (CLASSIFICATION, "protein-nano", []),
    ),
    "proteins.fasta": (
        "".join(f">P{i}\nMKV\n" for i in range(6)),
        ("masked_language_modeling", "protein-nano", []),
    ),
    "uniprot.fasta": (UNIPROT, ("masked_language_modeling", "protein-nano", [])),
}


def write(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def of(path: Path, task: str | None = None, **chosen: str) -> Guess:
    return guess(DataConfig(path=str(path), **chosen), task)


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_it_is_for(name: str, tmp_path: Path) -> None:
    content, expected = FILES[name]
    found = of(write(tmp_path / name, content))
    assert (found.task, found.preset, list(found.assignments)) == expected
    assert found.seen.startswith(f"{name}: ")
    assert found.seen.endswith(f" -> {found.task.replace('_', '-')} with {found.preset}")


def test_parquet_says_what_it_is_for(tmp_path: Path) -> None:
    arrow, parquet = require_module("pyarrow"), require_module("pyarrow.parquet")

    def of_table(**columns: list[object]) -> tuple[str, list[str]]:
        parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
        found = of(tmp_path / "a.parquet")
        return found.task, list(found.assignments)

    fields = ['data.field="review"', 'data.target="sentiment"']
    assert of_table(review=TEXTS, sentiment=[0, 1] * 3) == (CLASSIFICATION, fields)
    assert of_table(source=TEXTS, target=GERMAN) == ("sequence_to_sequence", [])
    assert of_table(text=TEXTS, url=TEXTS, number=[1, 2, 3, 4, 5, 6]) == ("language_modeling", [])


def test_the_line_names_what_is_read_of_many_columns(tmp_path: Path) -> None:
    content = rows(instruction=TEXTS, input=SIGNS, output=GERMAN)
    said = (
        "a.jsonl: columns instruction, input, output, of which instruction and output are read -> sequence-to-sequence"
    )
    assert of(write(tmp_path / "a.jsonl", content)).seen.startswith(said)


def test_proteins_whose_labels_have_another_key_say_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fasta", "".join(f">P{i} n={i} class=c{i % 2}\nMKV\n" for i in range(6)))
    assert "proteins without labels (if class= gives them, choose data.target=class) -> masked" in of(path).seen
    assert of(path, target="class").task == CLASSIFICATION
    assert "if " not in of(write(tmp_path / "b.fasta", UNIPROT.replace("OS=Homo", "OS=Homo PE=1"))).seen


def test_a_task_of_another_package_learns_from_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = task_record("token_classification")
    monkeypatch.setattr(record, "spec", replace(record.spec, presets={"labelled_texts": "bert-nano"}))
    reviews = write(tmp_path / "a.csv", table(",", ["review", "stars"], TEXTS, STARS))
    assert of(reviews).task == CLASSIFICATION
    found = of(reviews, "token_classification")
    assert found.assignments == ('data.field="review"', 'data.target="stars"')  # it has no task.problem


def test_the_line_names_columns_and_labels(tmp_path: Path) -> None:
    content, _ = FILES["usual.csv"]
    assert of(write(tmp_path / "reviews.csv", content)).seen == (
        "reviews.csv: columns text, label; 2 labels -> sequence-classification with bert-nano"
    )
    content, _ = FILES["numbers.csv"]
    assert "; numbers from 0.5 to 4 -> " in of(write(tmp_path / "scores.csv", content)).seen
    many = table(",", ["text", "label"], [f"text {i}" for i in range(1001)], list("01") * 500 + ["2"])
    assert "; 2 labels in the first 1,000 rows -> " in of(write(tmp_path / "many.csv", many)).seen


@pytest.mark.parametrize("kind", [kind for kind in RUNS if RUNS[kind].file is not None])
def test_the_data_of_every_kind_of_run_is_known(kind: str, tmp_path: Path) -> None:
    write_data(kind, tmp_path)
    found = of(tmp_path / str(RUNS[kind].file))
    chosen = [choice.rpartition("=")[2] for choice in RUNS[kind].choices if choice.startswith(("task=", "task.kind="))]
    expected = chosen[-1] if chosen else "language_modeling"
    same = {"masked_language_modeling": "language_modeling", "image_captioning": "image_classification"}
    assert found.task == same.get(expected, expected)  # the same file, which has both


def test_chosen_columns_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", table(",", ["title", "text", "label", "stars"], GERMAN, TEXTS, SIGNS, STARS))
    assert of(path).assignments == ()
    assert of(path, target="stars").assignments == (
        'data.field="text"',
        'data.target="stars"',
        'task.problem="regression"',
    )
    assert of(path, field="title").assignments == ('data.field="title"', 'data.target="label"')
    found = of(path, field="title", target="text")
    assert (found.task, found.assignments[0]) == ("sequence_to_sequence", 'data.field="title"')


@pytest.mark.parametrize(("target", "task"), [("labels", "image_classification"), ("captions", "image_captioning")])
def test_an_archive_says_what_it_holds(target: str, task: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 3, 4)), **{target: np.array(["a", "b"])})
    assert of(tmp_path / "a.npz").task == task
    np.savez(tmp_path / "b.npz", images=np.zeros(3))
    with pytest.raises(UserError, match=r"b\.npz: arrays images: what this is for is unclear"):
        of(tmp_path / "b.npz")


def test_a_known_task_keeps_the_fields_that_it_reads(tmp_path: Path) -> None:
    reviews = write(tmp_path / "a.jsonl", rows(review=TEXTS, sentiment=SIGNS))
    fields = ('data.field="review"', 'data.target="sentiment"')
    assert of(reviews, "sequence-classification").assignments == fields
    translated = of(reviews, "sequence-to-sequence")
    assert (translated.preset, translated.assignments) == ("t5-nano", fields)
    masked = of(reviews, "masked-language-modeling")
    assert (masked.preset, masked.assignments) == ("bert-nano", fields[:1])
    proteins = write(tmp_path / "a.fasta", FILES["families.fasta"][0])
    assert of(proteins, "masked_language_modeling").preset == "protein-nano"
    assert of(tmp_path / "nowhere", "token-classification").preset == "bert-nano"


def test_a_name_that_several_tasks_share_means_that_of_the_data(tmp_path: Path) -> None:
    reviews = write(tmp_path / "a.csv", FILES["review.csv"][0])
    assert of(reviews, "classification").task == CLASSIFICATION
    for name in ("cat/1.png", "dog/1.png"):
        write(tmp_path / "images" / name)
    assert of(tmp_path / "images", "classification").task == "image_classification"


@pytest.mark.parametrize("task", trained_kinds())
def test_every_task_has_a_preset_that_can_be_trained_for_it(task: str) -> None:
    config = load_preset(preset_for(task))
    require_model(override(config, chosen_by_task(task, config)))


def test_a_task_that_names_no_preset_gets_a_small_one_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    record = task_record("image_captioning")
    monkeypatch.setattr(record, "spec", replace(record.spec, presets={}))
    assert preset_for("image_captioning") == "caption-nano"


def test_every_kind_of_data_has_a_task_and_every_task_kinds_of_data() -> None:
    named = {task: task_record(task).spec.presets for task in trained_kinds()}
    assert {kind for one in named.values() for kind in one} == set(get_args(DataKind))
    assert all(named.values())
    assert {preset for one in named.values() for preset in one.values()} <= set(presets())
