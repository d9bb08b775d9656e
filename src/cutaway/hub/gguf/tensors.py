"""Reading the tensors of a GGUF file."""

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor

from cutaway.errors import UserError
from cutaway.hub.gguf.header import Header, Stored, require_gguf

ANGLES = "rope_freqs.weight"
"""A tensor that is not a weight: the divisors of rotary frequencies."""
AT_ONCE = 1 << 20
"""The numbers that are dequantized at a time, to use little more memory than the tensor."""


class GGUFTensors:
    """The weights of a file in fp32, read on access."""

    def __init__(self, header: Header) -> None:
        self._header = header

    def names(self) -> Sequence[str]:
        """All names."""
        return [name for name in self._header.tensors if name != ANGLES]

    def read(self, name: str) -> Tensor:
        """Reads one.

        Raises:
            UserError: the type of its numbers is unknown, or the file is incomplete.
        """
        stored = self._header.tensors[name]
        tensor = torch.empty(stored.shape, dtype=torch.float32)
        numbers = tensor.view(-1, stored.shape[-1])
        rows = max(1, AT_ONCE // stored.shape[-1])
        for start in range(0, len(numbers), rows):
            part = numbers[start : start + rows]
            part.copy_(torch.from_numpy(self._rows(name, stored, start, len(part))))
        return tensor

    def _rows(self, name: str, stored: Stored, first: int, count: int) -> np.ndarray:
        size = stored.size // prod(stored.shape[:-1])
        try:
            found = np.fromfile(self._header.path, np.uint8, count * size, offset=stored.start + first * size)
            rows: np.ndarray = require_gguf().quants.dequantize(found.reshape(count, size), stored.kind)
        except NotImplementedError:
            raise UserError(
                f"{self._header.path}: {name} is kept as {stored.kind.name}, which cannot be read"
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(f"{self._header.path} cannot be read: {error}") from None
        return rows
