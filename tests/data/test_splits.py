from pathlib import Path

import pytest

from cutaway.data.splits import split_of


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train.csv", "val.csv", "test.csv"], ("train.csv", "val.csv", ["test.csv"])),
        (["test", "Training"], ("Training", "test", [])),
        (["TRAIN", "dev"], ("TRAIN", "dev", [])),
        (["train.jsonl.gz", "trains.csv", "a.csv"], ("train.jsonl.gz", None, [])),
        (["val", "test"], None),
        ([], None),
    ],
)
def test_splits_are_known_by_their_names(names: list[str], expected: tuple[str, str | None, list[str]] | None) -> None:
    found = split_of(Path("folder", name) for name in names)
    assert expected == (
        None if found is None else (found[0].name, found[1] and found[1].name, [path.name for path in found[2]])
    )
