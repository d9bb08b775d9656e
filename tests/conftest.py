"""How every test runs: shapes checked, seeded, and one thread for each worker."""

import os
from pathlib import Path

# Before torch is imported. Workers share the cores; more threads than cores make each other wait.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

SOURCE = Path(__file__).parents[1] / "src"
SHAPED = [file.relative_to(SOURCE) for file in SOURCE.rglob("*.py") if "jaxtyping" in file.read_text()]

# Of modules that say shapes every call is checked. It would triple the tests' time to check those that say none.
install_import_hook([".".join(file.with_suffix("").parts) for file in SHAPED], "beartype.beartype")

# No deadline: a test's time depends on what else the machine does.
settings.register_profile("cutaway", deadline=None, print_blob=True)
settings.load_profile("cutaway")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
