"""The input and the target of a table: by the names that people give their columns, by choice, or by number."""

from pathlib import Path

import pytest

from cutaway.data.examples import LabelledText, Pair
from cutaway.data.tables.names import LANGUAGES, PAIRS, all_named, is_known, normal, same
from data.tables.test_rows import labelled, pairs, refusal, written

FILMS = [("a good film", "1"), ("a bad film", "0"), ("a long film", "0"), ("a sad film", "1")]
FOUND = [LabelledText(text, (label,)) for text, label in FILMS]


def table(header: str, separator: str = ",", *, is_swapped: bool = False) -> str:
    rows = [(label, text) if is_swapped else (text, label) for text, label in FILMS]
    return "".join(f"{row}\n" for row in [header, *(separator.join(row) for row in rows)])


@pytest.mark.parametrize(
    ("header", "is_swapped"),
    [
        ("review,sentiment", False),
        ("text, label", False),
        (" Text ,LABEL ", False),
        ("\ufeffTweets,Labels", False),
        ("Review Text,gold-label", False),
        ("Category,Message", True),
        ("rating,headline", True),
    ],
)
def test_usual_names_are_understood(header: str, is_swapped: bool, tmp_path: Path) -> None:
    assert labelled(written(tmp_path / "a.csv", table(header, is_swapped=is_swapped)))[0] == FOUND
    assert (
        labelled(written(tmp_path / "b.tsv", table(header.replace(",", "\t"), "\t", is_swapped=is_swapped)))[0] == FOUND
    )


@pytest.mark.parametrize("separator", [";", "\t", ", ", "; "])
def test_a_csv_may_be_separated_otherwise(separator: str, tmp_path: Path) -> None:
    quoted = table(f"review{separator}label", f'"{separator}').replace("a ", '"a ')
    assert labelled(written(tmp_path / "a.csv", quoted))[0] == FOUND


def test_pairs_are_named_by_what_they_are(tmp_path: Path) -> None:
    names = [*PAIRS, ("en", "de"), ("Dialogue", "Summary")]
    for number, (source, target) in enumerate(names):
        path = written(tmp_path / f"{number}.tsv", f"id\t{target}\tlabel\t{source}\n1\tzwei\tx\teins\n")
        swapped = {source, target} <= LANGUAGES  # neither is named as the source: the first is
        assert pairs(path)[0] == [Pair("zwei", "eins") if swapped else Pair("eins", "zwei")]


def test_a_likely_header_is_not_trained_on(tmp_path: Path) -> None:
    """Its label is that of no other row; a user may insist."""
    path = written(tmp_path / "a.csv", table("wording,kind"))
    said = refusal(path)
    assert "a.csv, line 1 looks like a header, because no other line has the label 'kind'" in said
    assert "data.field=wording data.target=kind, or write data.header=no if it is a row" in said
    assert labelled(path, field="wording", target="kind")[0] == FOUND
    assert labelled(path, target="Kind")[0] == FOUND
    assert labelled(path, field="wording")[0] == FOUND
    assert labelled(path, header=True)[0] == FOUND
    assert labelled(path, header=False)[0] == [LabelledText("wording", ("kind",)), *FOUND]
    values = written(tmp_path / "b.csv", "wording,how much\n" + "".join(f"film {i},{i}\n" for i in range(3)))
    assert "looks like a header" in refusal(values)


def test_a_row_is_not_taken_for_a_header(tmp_path: Path) -> None:
    for content in (table("a fine film,0"), "a,x\nb,y\nc,z\n", "a,x\nb,y\nc,y\n", "a,x\n"):
        found, skipped = labelled(written(tmp_path / "a.csv", content))
        assert len(found) == content.count("\n")
        assert not skipped
    assert len(pairs(written(tmp_path / "b.tsv", "eins\tone\nzwei\ttwo\nzwei\ttwo\nzwei\ttwo\n"))[0]) == 4


def test_columns_may_be_chosen_by_number(tmp_path: Path) -> None:
    swapped = written(tmp_path / "a.tsv", "".join(f"{label}\t{text}\n" for text, label in FILMS))
    for chosen in ({"field": "2", "target": "1"}, {"target": "1"}, {"field": "2"}):
        assert labelled(swapped, **chosen)[0] == FOUND
    wide = written(tmp_path / "b.csv", "".join(f"7,{label},x,{text}\n" for text, label in FILMS))
    assert labelled(wide, field="4", target="2")[0] == FOUND
    assert "choose both by their numbers" in refusal(wide, field="4")
    for wrong in ("5", "0", "2"):
        assert "choose two of the columns 1 to 4" in refusal(wide, field=wrong, target="2")
    named = written(tmp_path / "c.tsv", "2\t1\nx\ta\n")
    assert labelled(named, field="1", target="2")[0] == [LabelledText("a", ("x",))]


def test_columns_without_a_usual_name_are_listed(tmp_path: Path) -> None:
    wide = "mood,note,wording\nx,y,z\n"
    said = refusal(written(tmp_path / "a.csv", wide))
    assert "but this line is: mood, note, wording (choose with data.field=… data.target=…)" in said
    said = refusal(written(tmp_path / "a.jsonl", '{"mood": 1, "wording": "a", "note": 2}'))
    assert (
        "no field 'text' or a similar one and 'label' or a similar one; there are: mood, wording, note (choose" in said
    )
    many = refusal(written(tmp_path / "b.csv", ",".join(f"column {i}" * 20 for i in range(5000)) + "\n"))
    assert "(5,000 in all)" in many
    assert len(many) < 6000


def test_names_are_compared_without_case_space_or_number() -> None:
    assert normal(" \ufeffReview-Text ") == "review_text"
    assert is_known("Reviews")
    assert not is_known("wording")
    assert all_named(["b", "Class", "Label"], ("label", "class")) == ["Label", "Class"]
    assert same(["Text", "text "], "text ") == "text "
    assert same(["Text"], "text") == "Text"
    assert same(["Text"], "tex") is None
