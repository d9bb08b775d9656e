"""`cutaway verify` names what is not as it was written, and accepts it when it is told to."""

import json
from pathlib import Path

import pytest

from cli.command import printed, refused, run

pytestmark = pytest.mark.usefixtures("here")

CONFIG = Path("run/config.json")


def test_it_counts_and_names_and_accepts() -> None:
    assert printed("verify", "run").endswith(" files are as they were written\n")
    CONFIG.write_text(CONFIG.read_text().replace("16", "61", 1))
    outcome = run("verify", "run")
    assert outcome.status == 1
    assert outcome.out.splitlines()[0] == "config.json has other content than was written"
    assert outcome.out.endswith(", 1 is not\n")
    found = json.loads(run("verify", "run", "--json").out)
    assert (found["passed"], found["complaints"]) == (False, {"config.json": "has other content than was written"})
    assert refused("check", "run").startswith("run/config.json has other content than was written: copy it back, or ")
    assert printed("verify", "run", "--accept") == f"{found['files']} files are as they were written\n"
    assert printed("verify", "run").endswith(" files are as they were written\n")


def test_only_runs_are_verified() -> None:
    assert refused("verify", "nowhere") == "there is no folder nowhere"
