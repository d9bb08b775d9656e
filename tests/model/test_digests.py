"""A file that is killed while it is replaced is never taken for a damaged one."""

from pathlib import Path

import pytest

from cutaway.files import write_text
from cutaway.model.digests import Digests


def replace(folder: Path, content: str) -> None:
    with Digests(folder).replacing(folder / "file") as temporary:
        temporary.write_text(content)


@pytest.mark.parametrize("touch", range(1, 7))
@pytest.mark.parametrize("before", ["missing", "recorded", "not recorded"])
def test_killed_at_any_rename(before: str, touch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, digests = tmp_path / "file", Digests(tmp_path)
    if before == "recorded":
        replace(tmp_path, "old")
    elif before == "not recorded":
        path.write_text("old")
    renames: list[Path] = []
    rename = Path.replace

    def killed(source: Path, target: Path) -> Path:
        """Stops before a rename, or after it."""
        renames.append(source)
        if 2 * len(renames) - 1 == touch:
            raise KeyboardInterrupt
        found = rename(source, target)
        if 2 * len(renames) == touch:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            replace(tmp_path, "new")
    assert len(renames) == (touch + 1) // 2
    assert (path.read_text() if path.exists() else None) == (
        "new" if touch >= 4 else None if before == "missing" else "old"
    )
    assert digests.complaint(path) is None
    digests.settle()
    assert digests.complaint(path) is None
    assert all(len(found) == 1 for found in digests.read().values())
    if digests.read():
        write_text(path, "bad")
        assert digests.complaint(path) == "has other content than was written"
        path.unlink()
        assert digests.complaint(path) == "is missing"
    replace(tmp_path, "newer")
    assert digests.complaint(path) is None


def test_replacing_records_one_digest(tmp_path: Path) -> None:
    for content in ("a", "bb", "ccc"):
        replace(tmp_path, content)
        assert [one.size for one in Digests(tmp_path).read()["file"] if one] == [len(content)]
