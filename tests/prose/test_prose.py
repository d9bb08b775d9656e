"""Code in the README and the manual runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prose import run
from support import ROOT

HEAVY = "deepseek"
"""The word in those commands of the README that take longest."""
HEAVY_PAGES = ("extending.md", "models.md", "runs.md", "tasks.md")
DOCUMENTS = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]


@pytest.mark.parametrize(
    "document",
    [pytest.param(path, marks=[pytest.mark.heavy] * (path.name in HEAVY_PAGES), id=path.name) for path in DOCUMENTS],
)
def test_every_block_runs(document: Path, tmp_path: Path) -> None:
    done = run_document(document, tmp_path, HEAVY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
def test_heavy_commands_of_the_readme_run_too(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    heavy = [line for line in readme.read_text().splitlines() if line.startswith("cutaway ") and HEAVY in line]
    assert len(heavy) == 3
    done = run_document(write(tmp_path, "\n".join(["```bash", *heavy, "```"])), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_can_be_left_out(tmp_path: Path) -> None:
    document = write(tmp_path, "```bash\nexit 3 # slow\ntouch later\n```")
    assert run_document(document, tmp_path).returncode == 1
    assert run_document(document, tmp_path, "slow").returncode == 0
    assert (tmp_path / "later").exists()


def test_a_failing_command_of_cutaway_is_named_and_ends_the_process(tmp_path: Path) -> None:
    document = write(tmp_path, "```bash\ncutaway presets\ncutaway score nowhere x\n```")
    done = run_document(document, tmp_path)
    assert done.returncode == 1
    assert "there is no folder nowhere" in done.stderr
    assert f"{document}:3: exit status 2 from: cutaway score nowhere x" in done.stderr


def test_a_comment_does_not_leave_a_command_to_bash() -> None:
    assert run.without_comment("cutaway export a --out b   # loaded again; compared") == "cutaway export a --out b  "
    assert run.without_comment('cutaway score a "x # y > z"') == 'cutaway score a "x # y > z"'


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


def run_document(document: Path, folder: Path, *without: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, run.__file__, str(document), *without],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
