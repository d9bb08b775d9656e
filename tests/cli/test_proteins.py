"""Proteins from the command line: families and masked residues, from FASTA files."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from cli.command import Outcome, printed, refused, run, train_once
from cli.tasks import FEW, SMALL
from cutaway.pipeline import load
from zoo import Zoo

PROTEINS = [("KINASE", "mktaYIAKQR" * (1 + i % 3), "kinase") for i in range(12)]
PROTEINS += [("PORIN", "GGLNDWWPEV" * (1 + i % 3) + "X", "porin") for i in range(12)]
FASTA = "".join(
    f">{name}{i} {label} of the yeast\n{text[:7]}\n{text[7:]}*\n" for i, (name, text, label) in enumerate(PROTEINS)
)
BAD = {
    "letter.fasta": ">P1 kinase\nMKT\n>P2 porin\nMKT\nM1T\n",
    "text.fasta": "MKT\n",
    "empty.fasta": "",
    "hollow.fasta": ">P1 kinase\n\n>P2 porin\n*\n",
    "unlabelled.fasta": ">P1\nMKT\n>P2 OS=yeast\nMKT\n",
    "alike.fasta": ">P1 kinase\nMKT\n>P2 kinase\nMKV\n",
    "unseen.fasta": ">P1 lipase\nMKT\n",
    "long.fasta": f">P1 kinase\n{'MKT' * 20}\n",
}
CHOICES = ("protein-nano", *SMALL, FEW, "model.context=40", "train.evaluate_every=1")
FAMILIES = (*CHOICES, "--data", "proteins.fasta")
RESIDUES = (*FAMILIES, "--task", "masked-language-modeling")


def write(folder: Path) -> None:
    (folder / "proteins.fasta").write_text(FASTA + ">X1\n\n>X2\nMK\n")
    for name, content in BAD.items():
        (folder / name).write_text(content)


@pytest.fixture(autouse=True)
def outcomes(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """What training told; the current folder holds the runs and the files."""
    folder, told = train_once(zoo, "proteins", write, {"families": FAMILIES, "residues": RESIDUES})
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return told


def test_what_is_told_of_the_data(outcomes: dict[str, Outcome]) -> None:
    headline = outcomes["families"].err.splitlines()[0]
    assert "examples, " in headline
    assert ", 24 stops dropped, 1 empty, 1 without a label;" in headline
    assert "tokens of text, 24 stops dropped, 1 empty;" in outcomes["residues"].err.splitlines()[0]


@pytest.mark.parametrize("name", ["families", "residues"])
def test_the_last_line_can_be_typed(name: str, outcomes: dict[str, Outcome]) -> None:
    import shlex

    words = shlex.split(outcomes[name].err.splitlines()[-1].removeprefix("use it: cutaway "))
    assert printed(*words).strip()


def test_every_sequence_of_a_file_gets_an_answer_beside_its_id() -> None:
    Path("two.faa.gz").write_bytes(gzip.compress(b">a b\nmktayi\n>c\n\n>d\nGGLND\n"))
    outcome = run("classify", "families", "two.faa.gz")
    assert [line.split("\t")[1] for line in outcome.out.splitlines()] == ["a", "d"]
    assert outcome.err == "left out: 1 empty\n"
    found = json.loads(printed("classify", "families", "two.faa.gz", "MKTAYI", "--json"))
    assert [one.get("id") for one in found] == ["a", "d", None]
    assert found[2]["text"] == "MKTAYI"
    assert found[2]["probabilities"] == pytest.approx(found[0]["probabilities"], rel=1e-3)
    vectors = json.loads(printed("embed", "families", "two.faa.gz", "--json"))
    assert [one["id"] for one in vectors] == ["a", "d"]
    assert len(vectors[0]["embedding"]) == 16


def test_masked_residues_are_filled_in_by_amino_acids() -> None:
    every = load("residues").tokenizer.vocabulary
    (found,) = json.loads(printed("fill", "residues", "MKTA[MASK]IAK[MASK]", "--top-k", str(every), "--json"))
    assert [len(mask) for mask in found["masks"]] == [every, every]
    tokens = sorted(one["token"] for one in found["masks"][0])
    assert [token for token in tokens if len(token) == 1] == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    assert sum(one["probability"] for one in found["masks"][0]) == pytest.approx(1)


def test_both_are_measured_on_what_was_held_out_and_on_files() -> None:
    own = json.loads(printed("evaluate", "families", "--json"))
    assert set(own["parts"]) == {"kinase", "porin"}
    other = json.loads(printed("evaluate", "families", "--data", "proteins.fasta", "--json"))
    assert sum(part["support"] for part in other["parts"].values()) == 24
    assert other["figures"]["skipped (empty)"] == 1
    for words in (("residues",), ("residues", "--data", "proteins.fasta")):
        assert 0 <= json.loads(printed("evaluate", *words, "--json"))["figures"]["accuracy"] <= 1


def test_a_label_may_have_another_name() -> None:
    named = FASTA.replace("kinase", "a class=first").replace("porin", "a class=second")
    Path("named.fasta").write_text(named)
    outcome = run("train", *CHOICES, "--data", "named.fasta", "--out", "new", "data.target=class")
    assert outcome.status == 0, outcome.err
    assert {*json.loads(printed("evaluate", "new", "--json"))["parts"]} == {"first", "second"}


def test_proteins_without_labels_are_learned_by_masking() -> None:
    outcome = run("train", *CHOICES, "--data", "unlabelled.fasta", "--out", "new")
    assert outcome.err.startswith(
        "unlabelled.fasta: proteins without labels -> masked-language-modeling with protein-nano"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("train CHOICES --data letter.fasta", "letter.fasta, line 5: '1' in the sequence 'P2' is not an amino acid"),
        ("train CHOICES --data text.fasta", "text.fasta, line 1: FASTA begins with a line such as >id, not 'MKT'"),
        ("train CHOICES --data empty.fasta", "empty.fasta holds no examples (it is empty)"),
        ("train CHOICES --data hollow.fasta", "hollow.fasta holds no examples (2 empty, 1 stop dropped)"),
        ("train CHOICES --data alike.fasta data.validation=0", "alike.fasta has one label only, 'kinase'"),
        ("train CHOICES --data nowhere.fasta", "cannot read nowhere.fasta: No such file or directory"),
        ("train CHOICES --task masked-language-modeling --data hollow.fasta", "hollow.fasta is empty"),
        ("train CHOICES --task masked-language-modeling --data letter.fasta", "line 5: '1' in the sequence 'P2'"),
        ("classify families nowhere.fasta", "cannot read nowhere.fasta: No such file or directory"),
        ("classify families letter.fasta", "letter.fasta, line 5: '1' in the sequence 'P2' is not an amino acid"),
        ("classify families hollow.fasta", "hollow.fasta has no inputs"),
        ("classify families long.fasta", "the text has 62 tokens, but the model takes at most 40"),
        ("classify families mkt", "the tokenizer lacks 'k', 'm', 't'"),
        ("fill residues MKT", "there is no [MASK] in 'MKT'"),
        ("fill residues MK-[MASK]", "the tokenizer lacks '-' (1 character)"),
        ("embed residues text.fasta", "text.fasta, line 1: FASTA begins with"),
        ("evaluate families --data unseen.fasta", "'lipase' is not a class of this model"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(words: str, line: str) -> None:
    given = words.split()
    if "CHOICES" in given:
        given[1:2] = CHOICES
        given += ["--out", "new"]
    assert line in refused(*given)
    assert not Path("new/run.yaml").exists()
