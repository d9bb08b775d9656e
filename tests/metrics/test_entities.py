import pytest

from cutaway.errors import UserError
from cutaway.metrics.entities import are_entities, entity_report
from support import require_module


@pytest.fixture(autouse=True)
def _needs_seqeval() -> None:
    require_module("seqeval")


def test_entities_by_hand() -> None:
    """Three true, four found; of these one is right, one too short, one of another type and one made up."""
    true = ["B-PER", "I-PER", "O", "B-LOC", "O", "B-ORG", "O"]
    guess = ["B-PER", "O", "O", "B-ORG", "O", "B-ORG", "B-LOC"]
    report = entity_report([guess], [true])
    assert report.figures == pytest.approx(
        {"entity_precision": 25, "entity_recall": 100 / 3, "entity_f1": 100 * 2 / 7, "accuracy": 100 * 4 / 7}
    )
    assert list(report.parts) == ["LOC", "ORG", "PER"]
    assert report.parts["ORG"] == pytest.approx({"precision": 50, "recall": 100, "f1": 100 * 2 / 3, "support": 1})
    assert report.parts["LOC"] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}


def test_entities_are_read_as_conlleval_reads_them() -> None:
    report = entity_report([["O", "I-PER", "I-LOC"]], [["O", "B-PER", "B-LOC"]])
    assert report.figures["entity_f1"] == 100
    assert report.figures["accuracy"] == pytest.approx(100 / 3)
    assert "mode:conlleval" in report.signatures["entity_f1"]


def test_an_entity_ends_with_its_text() -> None:
    apart, together = [["B-PER"], ["I-PER"]], [["B-PER", "I-PER"]]
    assert entity_report(apart, apart).parts["PER"]["support"] == 2
    assert entity_report(together, together).parts["PER"]["support"] == 1


def test_no_entities_at_all() -> None:
    report = entity_report([("O", "O"), ()], [("O", "O"), ()])
    assert report.figures == {"entity_precision": 0, "entity_recall": 0, "entity_f1": 0, "accuracy": 100}
    assert report.parts == {}


def test_ragged_tags_are_refused() -> None:
    with pytest.raises(UserError, match=r"^text 2: 3 predicted tags for 2 words"):
        entity_report([["O"], ["O", "O", "O"]], [["O"], ["O", "O"]])


@pytest.mark.parametrize("tag", ["NOUN", "o", "", "PER-B", "B-", "X-PER"])
def test_another_form_of_tag_is_refused(tag: str) -> None:
    with pytest.raises(UserError, match=f"^text 2: '{tag}' is not an entity tag"):
        entity_report([["O"], ["O"]], [["O"], [tag]])


SCHEMES = {
    "IOB1": ["I-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-ORG", "I-ORG", "I-ORG"],
    "IOB2": ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "B-ORG", "I-ORG", "I-ORG"],
    "BIOES": ["B-PER", "E-PER", "O", "S-LOC", "S-LOC", "B-ORG", "I-ORG", "E-ORG"],
    "BILOU": ["B-PER", "L-PER", "O", "U-LOC", "U-LOC", "B-ORG", "I-ORG", "L-ORG"],
    "BMEWO": ["B-PER", "E-PER", "O", "W-LOC", "W-LOC", "B-ORG", "M-ORG", "E-ORG"],
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.filterwarnings("error")
def test_the_same_entities_have_the_same_figures_in_every_scheme(scheme: str) -> None:
    tags = SCHEMES[scheme]
    assert are_entities(tags)
    found = entity_report([tags], [tags])
    assert {kind: part["support"] for kind, part in found.parts.items()} == {"LOC": 2, "ORG": 1, "PER": 1}
    worse = [*tags[:3], "O", *tags[4:]]
    assert entity_report([worse], [tags]).figures["entity_f1"] == pytest.approx(100 * 6 / 7)
    assert entity_report([worse], [tags]).figures["accuracy"] == pytest.approx(100 * 7 / 8)
    bare = [tag[0] for tag in tags if tag[-3:] in ("O", "PER")]
    assert entity_report([bare], [bare]).figures["entity_f1"] == 100
