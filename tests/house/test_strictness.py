"""Tests run as strictly as they claim to: warnings errors, in every thread; nothing missing unseen."""

import ast
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from house.sources import Source, hold, sources
from support import ROOT, require_attributes, require_binary, require_module, require_path, run_python

MISBEHAVING = """
import threading, warnings

class Odd:
    def __del__(self):
        raise ValueError("odd")

def test_a_file_is_left_open():
    open(__file__)

def test_a_finalizer_fails():
    Odd()

def test_a_thread_fails():
    thread = threading.Thread(target=int, args=["odd"])
    thread.start()
    thread.join()

def test_cutaway_warns_in_a_thread():
    thread = threading.Thread(target=warnings.warn_explicit, args=["odd", UserWarning, "file.py", 1, "cutaway.nn"])
    thread.start()
    thread.join()

def test_all_is_well():
    with open(__file__):
        pass
"""
SKIPS = ("importorskip", "skip", "skipif")
HOMES = (Path("tests/support.py"), Path("tests/house/test_strictness.py"))
REQUIRES = (require_module, require_binary, require_path, partial(require_attributes, "os"))


@pytest.mark.parametrize("module", ["cutaway", "cutaway.nn.norms"])
def test_a_warning_from_cutaway_is_an_error(module: str) -> None:
    with pytest.raises(UserWarning, match="odd"):
        warnings.warn_explicit("odd", UserWarning, "file.py", 1, module)


def test_a_warning_from_elsewhere_is_none_of_ours() -> None:
    with pytest.warns(UserWarning, match="odd"):
        warnings.warn_explicit("odd", UserWarning, "file.py", 1, "torch.nn")


def test_what_is_left_open_or_raised_out_of_sight_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_misbehaving.py").write_text(MISBEHAVING)
    options = ["--config-file", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "test_misbehaving.py"]
    told = run_python(f"import pytest; pytest.main({options})", folder=tmp_path)
    assert "4 failed, 1 passed" in told, told


def test_no_test_is_skipped_but_by_what_support_requires() -> None:
    hold(skips, (source for source in sources("tests") if source.path not in HOMES))


def skips(source: Source) -> Iterator[str]:
    """`pytest.skip`, `pytest.mark.skipif` and their like, and imports of them."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name) if name in SKIPS:
                called = ast.unparse(node)
            case ast.ImportFrom(module="pytest", names=aliases) if {alias.name for alias in aliases} & {*SKIPS}:
                called = ast.unparse(node)
            case _:
                continue
        yield source.at(node, f"{called} also skips under CUTAWAY_REQUIRE_ALL=1: ask support for what the test needs")


def test_what_is_there_is_returned() -> None:
    assert require_attributes("os", "path", "sep").sep in "/\\"
    assert require_path(__file__) == Path(__file__)
    assert require_module("warnings") is warnings
    assert require_binary("no-such-program", "git").endswith("git")


@pytest.mark.parametrize("require", REQUIRES)
def test_what_lacks_skips_the_test_with_the_reason(
    require: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUTAWAY_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no_such_thing"):
        require("no_such_thing")


@pytest.mark.parametrize("require", REQUIRES)
def test_where_nothing_may_lack_it_fails(require: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no_such_thing"):
        require("no_such_thing")
