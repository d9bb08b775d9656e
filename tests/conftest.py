"""How every test runs: shapes checked, seeded, and one thread for each worker."""

import os

# Before torch is imported. Workers share the cores; more threads than cores make each other wait.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

CHECKED = (
    "tap",
    "nn",
    "model",
    "data",
    "generate",
    "train",
    "look",
    "metrics",
    "hub",
    "check",
    "verbs",
    "pipeline",
    "runs",
    "evaluation",
)

install_import_hook([f"cutaway.{floor}" for floor in CHECKED], "beartype.beartype")

# No deadline: a test's time depends on what else the machine does.
settings.register_profile("cutaway", deadline=None, print_blob=True)
settings.load_profile("cutaway")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
