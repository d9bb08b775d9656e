import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import require_attributes

# Kills itself at the n-th time it makes sure that something is on disk: before a file gets its name, or just after.
SCRIPT = """
import os, signal, sys
from cutaway.config.data import DataConfig
from cutaway.config.tokenizer import BPETokenizer
from cutaway.data.text.prepare import prepare

source, folder, deadly = sys.argv[1], sys.argv[2], int(sys.argv[3])
calls, fsync = [], os.fsync

def killing(descriptor):
    fsync(descriptor)
    calls.append(descriptor)
    if len(calls) == deadly:
        os.kill(os.getpid(), signal.SIGKILL)

os.fsync = killing
prepare(DataConfig(path=source), BPETokenizer(vocabulary=270), folder, shard_characters=4_000)
"""


def run(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=False, timeout=60).returncode


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "deadly",
    [pytest.param(3, marks=pytest.mark.heavy, id="before a file has its name"), pytest.param(4, id="after it has")],
)
def test_killed_at_any_file_it_ends_with_the_same_bytes(tmp_path: Path, deadly: int) -> None:
    require_attributes("signal", "SIGKILL")
    source = tmp_path / "corpus.jsonl"
    source.write_text("".join(json.dumps({"text": f"document {i}, " * 60}) + "\n" for i in range(18)))
    assert run(str(source), str(tmp_path / "straight"), "-1") == 0
    kills = 0
    while (status := run(str(source), str(tmp_path / "killed"), str(deadly))) != 0:
        assert status == -9
        kills += 1
        assert kills < 20
    assert kills >= 3
    assert tree(tmp_path / "killed") == tree(tmp_path / "straight")
    assert len(tree(tmp_path / "straight")) == 6
