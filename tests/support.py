"""What tests of several floors need."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def require_module(name: str) -> ModuleType:
    """The module, or else the test is skipped; where nothing may lack, it fails."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _lacking(f"needs the module {name}") from error


def require_attributes(module: str, *names: str) -> ModuleType:
    """The module, which has all of these names on this system and in this version; or skips, or fails, likewise."""
    found = require_module(module)
    lacking = [f"{module}.{name}" for name in names if not hasattr(found, name)]
    if lacking:
        raise _lacking(f"needs {', '.join(lacking)}")
    return found


def require_works(works: bool, what: str) -> None:
    """Something works on this processor; or skips, or fails, likewise."""
    if not works:
        raise _lacking(f"needs {what}")


def require_path(name: str) -> Path:
    """The path, which is there on this system; or skips, or fails, likewise."""
    if not Path(name).exists():
        raise _lacking(f"needs the path {name}")
    return Path(name)


def require_binary(*names: str) -> str:
    """The path of the first program found by one of these names, or else the test is skipped; or it fails, likewise."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise _lacking(f"needs the program {' or '.join(names)}")


def run_python(source: str, *arguments: str, folder: Path | None = None, timeout: float = 300) -> str:
    """What a fresh interpreter prints while it runs `source`, free of the type checks that conftest.py installs.

    Compiling and exporting need this: the wrappers of jaxtyping and beartype do not survive dynamo.
    """
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        cwd=folder,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def _lacking(what: str) -> BaseException:
    if os.environ.get("CUTAWAY_REQUIRE_ALL") == "1":
        return pytest.fail.Exception(f"{what}: CUTAWAY_REQUIRE_ALL=1 lets no test be skipped", pytrace=False)
    return pytest.skip.Exception(what, allow_module_level=True)
