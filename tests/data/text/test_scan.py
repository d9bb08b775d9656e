import hashlib

import pytest

from cutaway.data.text import scan
from cutaway.data.text.scan import scan_source
from cutaway.data.text.sources import Source
from cutaway.errors import UserError


def source(documents: list[list[str]]) -> Source:
    return Source("corpus", lambda: iter(documents), {"hidden": 3})


def silent(done: int, total: int | None) -> None:
    assert total is None


def test_what_there_is_is_counted() -> None:
    found, alphabet = scan_source(source([["aé", "", "b"], [], [""], ["\n漢a"]]), silent)
    assert (found.characters, found.documents, found.distinct) == (6, 2, 5)
    assert alphabet == set("aéb\n漢")
    assert found.skipped == {"hidden": 3, "empty": 2}


def test_the_hash_is_that_of_the_file_and_knows_where_documents_end() -> None:
    def sha256(*documents: list[str]) -> str:
        return scan_source(source(list(documents)), silent)[0].sha256

    assert sha256(["é", "b"]) == sha256([], ["éb"], [""]) == hashlib.sha256("éb".encode()).hexdigest()
    assert len({sha256(["ab", "c"]), sha256(["ab"], ["c"]), sha256(["a"], ["bc"])}) == 3


@pytest.mark.parametrize(
    ("documents", "said"),
    [([], "corpus is empty"), ([[""], []], "corpus is empty"), ([["aa"], ["a"]], "one character only, 'a'")],
)
def test_a_text_of_no_use_is_refused(documents: list[list[str]], said: str) -> None:
    with pytest.raises(UserError, match=said):
        scan_source(source(documents), silent)


def test_counting_shows_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PROGRESS_CHARACTERS", 5)
    calls: list[int] = []
    scan_source(source([["abc"] * 4]), lambda done, total: calls.append(done))
    assert calls == [6, 12]
