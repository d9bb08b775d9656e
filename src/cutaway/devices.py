"""The names of devices that a user may choose; `cutaway.model.device` finds the device itself."""

from typing import Literal, get_args

from cutaway.errors import UserError, nearest

Device = Literal["auto", "cpu", "gpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)
DEVICE_NAMES = f"{', '.join(DEVICES[:-1])} or {DEVICES[-1]}"
DEVICE_MEANING = "auto: CUDA if there is one, otherwise the CPU; gpu: CUDA, or MPS where there is none"


def require_device_name(name: str) -> None:
    """Rejects a word that names no device.

    Raises:
        UserError: names the nearest.
    """
    if name not in DEVICES:
        raise UserError(f"no device is called {name!r}; {nearest(name, DEVICES)}")
