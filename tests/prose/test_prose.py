"""Code in the README and the manual runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prose import run
from support import ROOT

DOCUMENTS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_runs(document: Path, tmp_path: Path) -> None:
    done = run_document(document, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_blocks_run_in_order_and_share_names_and_files(tmp_path: Path) -> None:
    document = write(
        tmp_path,
        '```python\nfrom pathlib import Path\nword = "seen"\n```',
        "1. Indented:\n   ```bash\n   # a comment\n   make demo\n   echo here \\\n     and there > said.txt\n   ```",
        '```python\nPath(word).write_text(Path("said.txt").read_text())\n```',
        "```python\n# not run\nraise RuntimeError\n```\n```text\nno code\n```",
    )
    done = run_document(document, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen").read_text() == "here and there\n"


def test_a_failing_python_block_is_named_with_its_line(tmp_path: Path) -> None:
    document = write(tmp_path, "```python\nx = 1\n```", "```python\ny = 2\ny / 0\n```")
    done = run_document(document, tmp_path)
    assert done.returncode == 1
    assert f'File "{document}", line 7, in <module>' in done.stderr
    assert f"{document}:6: this python block fails" in done.stderr


def test_a_failing_command_is_named_with_its_line(tmp_path: Path) -> None:
    document = write(tmp_path, "Words.\n```bash\ntrue \\\n  again\nexit 3\ntouch later\n```")
    done = run_document(document, tmp_path)
    assert done.returncode == 1
    assert f"{document}:5: exit status 3 from: exit 3" in done.stderr
    assert not (tmp_path / "later").exists()


def write(folder: Path, *paragraphs: str) -> Path:
    document = folder / "document.md"
    document.write_text("\n\n".join(paragraphs) + "\n")
    return document


def run_document(document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, run.__file__, str(document)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
