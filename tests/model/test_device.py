"""What is known of the machine, and of machines of another kind than this one."""

import ctypes
import struct
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.model import device
from support import require_attributes, require_module


def test_memory_is_known_here() -> None:
    os = require_attributes("os", "sysconf")
    assert device.machine_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    require_module("resource")
    peak = device.peak_memory()
    assert peak is not None
    assert 10_000_000 < peak < 2 * device.machine_memory()


def test_memory_that_nothing_tells_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(device.os, "sysconf", unknown)
    assert (device.machine_memory(), device.peak_memory()) == (None, None)
    monkeypatch.delattr(device.os, "sysconf")
    assert device.machine_memory() is None


@pytest.mark.parametrize(
    ("name", "cuda", "mps", "chosen"),
    [
        ("auto", True, True, "cuda"),
        ("auto", False, True, "cpu"),
        ("gpu", True, True, "cuda"),
        ("gpu", False, True, "mps"),
        ("gpu", False, False, None),
        ("mps", True, False, None),
        ("cpu", True, True, "cpu"),
    ],
)
def test_a_device_is_chosen_by_name(
    name: str, cuda: bool, mps: bool, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    if chosen is not None:
        assert device.choose_device(name).type == chosen
        return
    with pytest.raises(UserError, match=f"device '{name}' is not on this machine"):
        device.choose_device(name)


def test_a_wrong_device_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no device is called 'gup'; did you mean 'gpu'"):
        device.choose_device("gup")


@pytest.mark.parametrize(("answer", "memory"), [(1, 17_000_000_000), (0, None)])
def test_windows_is_asked_for_its_memory(answer: int, memory: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(status: Any) -> int:
        # MEMORYSTATUSEX: its length, the load in percent, then seven counts of bytes, of which the first is the total.
        (length,) = struct.unpack_from("<I", ctypes.string_at(status, 4))
        assert length == 64
        ctypes.memmove(status, struct.pack("<IIQQQQQQQ", length, 41, 17_000_000_000, 2, 3, 4, 5, 6, 7), length)
        return answer

    kernel = SimpleNamespace(GlobalMemoryStatusEx=fill)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert as_on_windows(monkeypatch).machine_memory() == memory


def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as Windows would import it."""
    monkeypatch.setattr(sys, "platform", "win32")
    spec = spec_from_file_location("device_on_windows", device.__file__)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
