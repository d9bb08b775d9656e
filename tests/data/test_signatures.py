"""A file that is not text is called what it is."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cutaway.data.readers import read_file, read_lines
from cutaway.data.seen import first_lines
from cutaway.errors import UserError


def packed(name: str) -> bytes:
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("é.csv", "é" * 9)
    return Path(name).read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zip", "is a zip archive"),
        ("gzip", "is compressed by gzip: let its name end with .gz"),
        ("npy", "is an array of NumPy"),
        ("utf-16", "is text in UTF-16: convert it to UTF-8"),
        ("xls", "is an Office file"),
        ("latin", "not UTF-8 text"),
    ],
)
def test_what_is_not_text_is_named(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.arange(300, dtype=np.uint16))
    contents = {
        "zip": packed("a.zip"),
        "gzip": gzip.compress(b"a,b"),
        "npy": Path("a.npy").read_bytes(),
        "utf-16": "text,label".encode("utf-16"),
        "xls": b"\xd0\xcf\x11\xe0\xa1\xb1",
        "latin": "é".encode("latin-1"),
    }
    path = tmp_path / "file.txt"
    path.write_bytes(contents[name])
    for read in (lambda: [*read_lines(path)], lambda: ["".join(one) for one in read_file(path, "text")]):
        with pytest.raises(UserError, match=said):
            read()
    with pytest.raises(UserError, match=said):
        first_lines(path)
