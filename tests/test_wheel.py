"""The wheel: it holds the whole package and nothing else, and what is installed from it runs on its own."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import TEXT, TINY
from cutaway import __version__
from support import ROOT, require_module

INFO = f"cutaway-{__version__}.dist-info"
READ_AT_RUN_TIME = {
    "config/presets/gpt-nano.yaml",
    "interpret/page/report.html",
    "interpret/page/report.css",
    "interpret/page/main.js",
    "py.typed",
}
"""One of each kind of file that is not a module."""

Command = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the working tree, with what is installed here."""
    require_module("hatchling")
    require_module("pip")
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel)
    return folder


@pytest.fixture
def program(installed: Path, tmp_path: Path) -> Command:
    """Runs the installed program, in a folder that has nothing to do with the source; returns what it prints."""
    (script,) = (path for name in ("bin", "Scripts") for path in (installed / name).glob("cutaway*"))

    def run(*words: str, start: tuple[str | Path, ...] = (script,)) -> str:
        return output([*start, *words], tmp_path, {"PYTHONPATH": str(installed)})

    return run


def pip(*words: str | Path) -> None:
    output([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], ROOT, {})


def output(command: list[str | Path], folder: Path, environment: dict[str, str]) -> str:
    """What a program prints that goes well."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **environment},
        timeout=120,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def files_below(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if "__pycache__" not in path.parts}


@pytest.mark.heavy
def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"{INFO}/METADATA").decode()
    package = {name.removeprefix("cutaway/") for name in names if name.startswith("cutaway/")}
    assert package == files_below(ROOT / "src/cutaway")
    assert package >= READ_AT_RUN_TIME
    others = {name for name in names if not name.startswith("cutaway/")}
    described = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert others == {f"{INFO}/{name}" for name in described}
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "\nRequires-Python: >=3.10\n" in metadata
    assert "\nRequires-Dist: torch>=2.6\n" in metadata


@pytest.mark.heavy
def test_what_it_installs_runs_without_the_source(program: Command, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    source = "import cutaway, cutaway.cli.app; print(cutaway.__file__, cutaway.cli.app.__file__, sep='\\n')"
    places = [Path(line) for line in program("-c", source, start=(sys.executable,)).splitlines()]
    assert places == [installed / "cutaway/__init__.py", installed / "cutaway/cli/app.py"]
    assert program("--version") == f"{__version__}\n"
    assert set(json.loads(program("presets", "--json"))) == {
        path.stem for path in (ROOT / "src/cutaway/config/presets").glob("*.yaml")
    }
    trained = json.loads(program("train", "gpt-nano", "--data", "text.txt", "--out", "run", *TINY, "--json"))
    page = (tmp_path / trained["report"]).read_text(encoding="utf-8")
    for name in ("report.css", "main.js", "map.js"):
        assert (ROOT / "src/cutaway/interpret/page" / name).read_text(encoding="utf-8").strip()[-200:] in page, name
    assert program("generate", "run", "the cat", "--max-new-tokens", "2").startswith("the cat")
    assert "0 fail" in program("check", "run")
    assert "files are as they were written" in program("verify", "run")
