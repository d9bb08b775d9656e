"""A tiny run of every kind: its data, and the choices that make it."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.runs.run import Run, start

ANIMALS = {"cat": "pet", "dog": "pet", "owl": "bird", "fox": "wild", "rat": "wild"}
VERBS = {"sat": "assis", "ran": "couru", "ate": "mange", "hid": "cache", "sang": "chante", "slept": "dort"}
ALL = [(animal, verb) for animal in ANIMALS for verb in VERBS]

TINY = (
    *("model.width=16", "model.layers=1", "model.attention.heads=2", "model.context=24", "model.dropout=0.1"),
    *("train.steps=2", "train.batch_size=4", "train.schedule=constant", "train.device=cpu", "train.precision=fp32"),
    "data.validation=0.2",
)
WORDS = ("tokenizer=word", "tokenizer.vocabulary=60")


@dataclass(frozen=True)
class Kind:
    """The file that is learnt from, if there is one, and choices beside the common ones."""

    file: str | None
    content: str | bytes
    choices: tuple[str, ...]


def sentence(animal: str, verb: str) -> str:
    return f"the {animal} {verb} on the mat"


def lines(rows: list[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def several_labels(animal: str, verb: str) -> list[str]:
    return [ANIMALS[animal]] * (animal != "rat") + ["loud"] * (verb == "sang")


def squad(rows: list[tuple[str, str]]) -> str:
    paragraphs = [
        {
            "context": sentence(animal, verb),
            "qas": [{"id": f"{animal} {verb}", "question": "who ?", "answers": [{"text": animal, "answer_start": 4}]}],
        }
        for animal, verb in rows
    ]
    return json.dumps({"data": [{"paragraphs": paragraphs}]})


PAIRS = lines([f"{sentence(animal, verb)}\tsur le tapis {verb} un {animal} a {VERBS[verb]}" for animal, verb in ALL])
LABELLED = lines([f"{sentence(animal, verb)}\t{ANIMALS[animal]}" for animal, verb in ALL])
SEVERAL = lines([json.dumps({"text": sentence(*one), "labels": several_labels(*one)}) for one in ALL])
VALUES = lines([f"{sentence(*one)}\t{number / 10}" for number, one in enumerate(ALL)])
TAGGED = lines([f"the O\n{animal} B-{ANIMALS[animal]}\n{verb} O\nthere O\n" for animal, verb in ALL])

AMINO_ACIDS = str.maketrans("abcdefghijklmnopqrstuvwxyz ", "ACDEFGHIKLMNPQRSTVWYBJOUXZX")
PROTEINS = lines([f">{a}-{v} {ANIMALS[a]}\n{sentence(a, v).translate(AMINO_ACIDS)}" for a, v in ALL])
GRAPHS = lines([f"label: {ANIMALS[a]}\nnode: 1 {a}\nnode: 2 {v}\nnode: 3 mat\n1 2\n3 2\n" for a, v in ALL])


def archive() -> bytes:
    """Images of 6 × 9 pixels in two channels, each with a caption and a label."""
    file = io.BytesIO()
    images = np.random.default_rng(0).integers(256, size=(len(ALL), 6, 9, 2), dtype=np.uint8)
    said = {"captions": [sentence(*one) for one in ALL], "labels": [ANIMALS[animal] for animal, _ in ALL]}
    np.savez(file, images=images, **said)
    return file.getvalue()


READER = ("model.architecture=encoder", *WORDS)
WRITER = ("task=sequence_to_sequence", "model.architecture=encoder_decoder", *WORDS)
CAPTIONS = ("task=image_captioning", *WRITER[1:], "model.source_embedding={kind: patches, patch: 3}")
VISION = (
    *("task.kind=image_classification", "task.shift=1", "model.architecture=encoder", "model.head=sequence"),
    "model.embedding={kind: patches, patch: 3}",
)
FAMILIES = ("task=sequence_classification", "model.head=sequence", "tokenizer=protein", "model.context=40")
OF_GRAPHS = ("model.position=shortest_path",)
CLASSIFIER = ("task=sequence_classification", "model.head=sequence", *READER)

KINDS = {
    "language_modeling": Kind("text.txt", lines([sentence(*one) for one in ALL]), ()),
    "masked_language_modeling": Kind(
        "text.txt", lines([sentence(*one) for one in ALL]), ("task=masked_language_modeling", *READER)
    ),
    "sequence_to_sequence": Kind("pairs.tsv", PAIRS, WRITER),
    "a tokenizer a side": Kind("pairs.tsv", PAIRS, (*WRITER, "source_tokenizer=char", "model.context=40")),
    "image_captioning": Kind("captions.npz", archive(), CAPTIONS),
    "image_classification": Kind("labels.npz", archive(), VISION),
    "sequence_classification": Kind("labels.tsv", LABELLED, CLASSIFIER),
    "multi_label": Kind("labels.jsonl", SEVERAL, (*CLASSIFIER, "task.problem=multi_label")),
    "regression": Kind("values.tsv", VALUES, (*CLASSIFIER, "task.problem=regression")),
    "proteins": Kind("animals.fasta", PROTEINS, FAMILIES),
    "graph_classification": Kind(
        "graphs.edges", GRAPHS, ("task=graph_classification", "model.head=sequence", *READER, *OF_GRAPHS)
    ),
    "token_classification": Kind("tags.conll", TAGGED, ("task=token_classification", "model.head=token", *READER)),
    "question_answering": Kind(
        "squad.json", squad(ALL), ("task=question_answering", "model.head=token", "task.stride=2", *READER)
    ),
    "algorithmic": Kind(
        None,
        "",
        (
            *("task=algorithmic", "model.architecture=encoder", "model.head=token"),
            *("task.length=4", "task.shortest=3", "task.symbols=12", "task.held_out=20"),
        ),
    ),
}


def choices_of(kind: str, folder: Path, *choices: str) -> RunConfig:
    """The choices of such a run, with its data in this folder."""
    made = KINDS[kind]
    data = [] if made.file is None else [f"data.path={folder / made.file}"]
    return override(RunConfig(), [*TINY, *made.choices, *data, *choices])


def write_data(kind: str, folder: Path) -> None:
    """Writes the file that such a run learns from, if there is one."""
    made = KINDS[kind]
    if made.file is not None:
        content = made.content if isinstance(made.content, bytes) else made.content.encode()
        (folder / made.file).write_bytes(content)


def begin(kind: str, folder: Path, *choices: str, out: str = "run") -> Run:
    """Starts a run of this kind in a folder, where its data is written too."""
    write_data(kind, folder)
    return start(choices_of(kind, folder, *choices), folder / out)
