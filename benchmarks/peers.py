"""Loading the programs that are compared, and a description of the machine."""

import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType

import torch


def load_nanogpt(folder: Path) -> ModuleType:
    """The module `model.py` of a checkout of nanoGPT; exits with one line if there is none."""
    path = folder / "model.py"
    if not path.is_file():
        sys.exit(f"{folder} is not a checkout of nanoGPT: it has no model.py")
    spec = importlib.util.spec_from_file_location("nanogpt", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def describe_machine() -> str:
    """The machine in one line, to report with a measurement."""
    processor = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
    return (
        f"{processor}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"Python {platform.python_version()}, {platform.system()}"
    )
