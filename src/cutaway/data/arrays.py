"""Arrays in JSON."""

import base64
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Array:
    """An array that is hashable and is written to JSON without loss."""

    shape: tuple[int, ...]
    dtype: str
    data: str

    @classmethod
    def of(cls, values: np.ndarray) -> "Array":
        """Converts a NumPy array."""
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        return cls(values.shape, values.dtype.str, base64.b64encode(values.tobytes()).decode("ascii"))

    def values(self) -> np.ndarray:
        """The NumPy array."""
        flat = np.frombuffer(base64.b64decode(self.data), np.dtype(self.dtype))
        return flat.reshape(self.shape)
