"""The repository names no package registry and no folder of anyone's machine: it must work anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from house.sources import project_files
from support import ROOT

# Joined here, so that this file does not break its own rule.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
FOLDERS = ["/" + folder + "/" for folder in ("root", "work", "home/[a-z]+", "Users/[A-Za-z]+", "tmp/w")]
PLACES = re.compile("|".join([*map(re.escape, REGISTRIES), *(rf"(?<![\w.}}-]){folder}" for folder in FOLDERS)]))


def test_no_file_names_a_place() -> None:
    complaints = [complaint for path in project_files() for complaint in places(path)]
    assert not complaints, "\n" + "\n".join(complaints)


def places(path: Path) -> Iterator[str]:
    lines = (ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        for found in PLACES.findall(line):
            yield f"{path}:{number}: names {found}, which other machines lack"
