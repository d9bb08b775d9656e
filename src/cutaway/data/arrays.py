"""Arrays as JSON holds them."""

import base64
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Array:
    """Numbers in some dimensions, exact to the last bit; equal arrays are equal, and can be counted."""

    shape: tuple[int, ...]
    dtype: str
    data: str

    @classmethod
    def of(cls, values: np.ndarray) -> "Array":
        """The array that holds these values."""
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        return cls(values.shape, values.dtype.str, base64.b64encode(values.tobytes()).decode("ascii"))

    def values(self) -> np.ndarray:
        """What `of` was given."""
        flat = np.frombuffer(base64.b64decode(self.data), np.dtype(self.dtype))
        return flat.reshape(self.shape)
