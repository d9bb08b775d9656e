"""A start that was cut short can be made again, and ends with the same bytes as one that was not."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from cutaway.errors import UserError
from cutaway.runs.run import start
from runs.kinds import LABELLED, begin, choices_of

TOKENIZER = ("cutaway.tasks.example_task.train_tokenizer", "cutaway.data.text.prepare.train_tokenizer")
MODEL, CONFIG, RUN = (f"cutaway.runs.run.{name}" for name in ("build", "write_json", "write_text"))
ENDS = {
    "before the tokenizer": [TOKENIZER],
    "before the model": [[MODEL]],
    "before config.json": [[CONFIG]],
    "before run.yaml": [[RUN]],
    "again and again": [TOKENIZER, [MODEL], [RUN]],
}


def contents(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return found | {"digests.json": re.sub(rb'"modified": [0-9]+', b"", found["digests.json"])}


def cut_short(places: Sequence[str], kind: str, folder: Path, out: str = "run") -> None:
    """Starts a run and comes no further than to one of these places."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        for place in places:
            patch.setattr(place, interrupt)
        with pytest.raises(KeyboardInterrupt):
            begin(kind, folder, out=out)
    assert not (folder / out / "run.yaml").exists()


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("kind", ["masked_language_modeling", "a tokenizer a side", "multi_label"])
def test_a_start_that_was_cut_short_is_made_again(kind: str, ends: list[Sequence[str]], tmp_path: Path) -> None:
    begin(kind, tmp_path, out="straight")
    for places in ends:
        cut_short(places, kind, tmp_path, "again")
    begin(kind, tmp_path, out="again")
    assert contents(tmp_path / "again") == contents(tmp_path / "straight")


@pytest.mark.parametrize("place", [MODEL, RUN])
def test_so_is_one_without_data(place: str, tmp_path: Path) -> None:
    cut_short([place], "algorithmic", tmp_path)
    assert begin("algorithmic", tmp_path).train().step == 2


def test_data_of_no_use_may_be_mended_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_text("the cow sat\tpte\n")
    other = f"data.validation_path={tmp_path / 'other.tsv'}"
    with pytest.raises(UserError, match="the label 'pte' does not occur in the training split; did you mean 'pet'"):
        begin("sequence_classification", tmp_path, other)
    assert not (tmp_path / "run").exists()
    (tmp_path / "other.tsv").write_text("the cow sat\tpet\n")
    assert len(begin("sequence_classification", tmp_path, other).dataset.validation) == 1


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    cut_short([MODEL], "sequence_classification", tmp_path)
    (tmp_path / "labels.tsv").write_text(LABELLED.replace("pet", "friend"))
    run = start(choices_of("sequence_classification", tmp_path), tmp_path / "run")
    assert run.config.task.labels == ("bird", "pet", "wild")
