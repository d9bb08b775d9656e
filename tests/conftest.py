"""How every test runs: shapes checked where they are said, seeded, and one thread for each worker."""

import gc
import os
import signal
from pathlib import Path

# Before torch is imported, and inherited by the processes that tests start. Workers share the cores: more threads than
# cores make each other wait, and a thread that spins while it waits takes a core from another.
os.environ["OMP_WAIT_POLICY"] = "passive"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

from zoo import Zoo

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"
SHAPED = [file.relative_to(SOURCE) for file in SOURCE.rglob("*.py") if "jaxtyping" in file.read_text()]
"""The modules that say shapes."""
SHAPED_ROOMS = {file.parts[1] for file in SHAPED}

# A shell starts background jobs with Ctrl-C ignored, and cutaway leaves ignored signals ignored.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

install_import_hook([".".join(file.with_suffix("").parts) for file in SHAPED], "beartype.beartype")

# No deadline: a test's time depends on what else the machine does. Continuous integration tries more examples.
examples = 100 if os.environ.get("CUTAWAY_REQUIRE_ALL") == "1" else 40
settings.register_profile("cutaway", deadline=None, print_blob=True, max_examples=examples)
settings.load_profile("cutaway")


def pytest_collection_finish() -> None:
    """What was imported lives to the end: the garbage collector need not walk through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Shapes are checked by the tests of the rooms that say them: for those above it would take half of their time."""
    jaxtyping.config.update("jaxtyping_disable", item.path.relative_to(TESTS).parts[0] not in SHAPED_ROOMS)


@pytest.fixture(autouse=True, scope="session")
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """Waiting until data is on disk helps against power cuts only, and takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is measured of this machine is not written to the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUTAWAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoo]:
    """Trained runs that all workers share. At the end it is checked that no test modified one."""
    base = tmp_path_factory.getbasetemp()
    shared = Zoo((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "zoo")
    yield shared
    shared.check()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """For loops of many steps, where checking shapes would take most of the time: their neighbours check them."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
