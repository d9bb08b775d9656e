"""Everything that depends on the hardware, in one file."""

import ctypes
import os
import platform
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module

import torch
from torch import nn

from cutaway.devices import require_device_name
from cutaway.errors import UserError, nearest

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def choose_device(name: str) -> torch.device:
    """Returns a device by name.

    `auto` is CUDA if there is one, else the CPU; `gpu` is CUDA, or MPS where there is none.

    Raises:
        UserError: no device has this name, or this machine has no such device.
    """
    require_device_name(name)
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    wanted = {"auto": ("cuda", "cpu"), "gpu": ("cuda", "mps")}.get(name, (name,))
    for kind in wanted:
        if present[kind]:
            return torch.device(kind)
    have = ", ".join(kind for kind, is_there in present.items() if is_there)
    raise UserError(f"device {name!r} is not on this machine or torch was built without it; there is: {have}")


def device_of(model: nn.Module) -> torch.device:
    """The device of a model."""
    return next(model.parameters()).device


def accelerators() -> list[str]:
    """The accelerators of this machine, in words: name, memory and compute capability."""
    if not torch.cuda.is_available():
        return ["mps (Apple)"] if torch.backends.mps.is_available() else []
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    toolkit = f"CUDA {torch.version.cuda}" if torch.version.cuda else f"ROCm {torch.version.hip}"
    return [f"{one.name}, {one.total_memory / 1e9:.0f} GB, {one.major}.{one.minor}, {toolkit}" for one in found]


def processor() -> str:
    """The processor in words, with the vector instructions that torch uses."""
    name = torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


DTYPES = {
    "fp32": torch.float32,
    "float32": torch.float32,
    "bf16": torch.bfloat16,
    "bfloat16": torch.bfloat16,
    "fp16": torch.float16,
    "float16": torch.float16,
    "half": torch.float16,
}


def choose_dtype(name: str | torch.dtype) -> torch.dtype:
    """The dtype of weights, by name.

    Raises:
        UserError: it is none that a model can be loaded in.
    """
    if isinstance(name, torch.dtype):
        name = str(name).removeprefix("torch.")
    if name not in DTYPES:
        raise UserError(f"no dtype for weights is called {name!r}; {nearest(name, DTYPES)}")
    return DTYPES[name]


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype of matrix products. `auto` is bf16 where the device multiplies it faster than fp32."""
    if name == "auto":
        return torch.bfloat16 if _multiplies_bf16(device) else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Computes matrix products in this dtype while the block lasts; weights and sums stay in fp32."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def keep_freed_memory() -> None:
    """Makes this process keep the memory of freed tensors for new ones.

    By default, glibc returns large blocks to the system at once, and the next step requests them again page by page:
    about a tenth of the training time on a CPU. Without glibc, nothing happens.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            libc.mallopt(option, 1 << 30)


def device_memory(device: torch.device) -> int | None:
    """Bytes of memory of a device, or None if unknown."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return machine_memory()


def machine_memory() -> int | None:
    """Bytes of memory of this machine, or None if unknown."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # the function or the name does not exist, or it fails
        return None


def peak_memory() -> int | None:
    """The peak memory of this process in bytes, or None if unknown."""
    try:
        resource = import_module("resource")
    except ImportError:  # Windows does not have it
        return None
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if sys.platform == "win32":

    class _MemoryStatus(ctypes.Structure):
        """MEMORYSTATUSEX of sysinfoapi.h."""

        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load_percent", ctypes.c_uint32),
            ("total_physical", ctypes.c_uint64),
            ("others", ctypes.c_uint64 * 6),
        )

    def _windows_memory() -> int | None:
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return None
        total: int = status.total_physical
        return total


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    flags = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("bf16"))
