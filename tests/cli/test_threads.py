"""How threads wait for work: asleep under the command line, as the user says, and untouched by `import cutaway`."""

import pytest

from support import run_python

WAITING = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT")
COMMAND = f"""
import os, sys
from cutaway.cli import main

sys.argv = ["cutaway", "config", "train.steps"]
try:
    main()
finally:
    print("WAITING", {{name: os.environ[name] for name in {WAITING} if name in os.environ}}, "torch" in sys.modules)
"""
IMPORT = f"""
import os
import cutaway, cutaway.cli, cutaway.pipeline
print("WAITING", {{name: os.environ[name] for name in {WAITING} if name in os.environ}})
"""


def waiting(program: str) -> str:
    return run_python(program).rpartition("WAITING ")[2].strip()


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WAITING:
        monkeypatch.delenv(name, raising=False)


def test_threads_sleep_under_the_command_line_before_torch_is_loaded() -> None:
    assert waiting(COMMAND) == "{'OMP_WAIT_POLICY': 'passive'} False"


@pytest.mark.parametrize(
    ("name", "value"), [("OMP_WAIT_POLICY", "active"), ("KMP_BLOCKTIME", "200"), ("GOMP_SPINCOUNT", "1000")]
)
def test_what_the_user_says_wins(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert waiting(COMMAND) == f"{{{name!r}: {value!r}}} False"


def test_an_import_changes_nothing() -> None:
    assert waiting(IMPORT) == "{}"


def test_it_is_too_late_once_torch_is_loaded() -> None:
    assert waiting("import torch\n" + COMMAND) == "{} True"
