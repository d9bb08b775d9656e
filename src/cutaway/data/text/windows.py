"""Tokens -> windows of inputs and targets, where each target is the next token."""

import numpy as np
from jaxtyping import Int64

from cutaway.data.text.shards import TokenStream
from cutaway.errors import UserError, counted
from cutaway.nn.losses import IGNORED

InputsAndTargets = tuple[Int64[np.ndarray, "B T"], Int64[np.ndarray, "B T"]]


class RandomWindows:
    """Batches of windows at random positions, by number: batch i depends on the seed and on i only.

    Raises:
        UserError: there are fewer than context + 1 tokens.
    """

    def __init__(self, tokens: TokenStream, context: int, batch_size: int, seed: int) -> None:
        if len(tokens) < context + 1:
            found = counted(len(tokens), "token")
            raise UserError(
                f"the text has {found}, and a context of {context} needs {context + 1} or more: "
                f"give more text or a shorter model.context"
            )
        self._tokens = tokens
        self._context = context
        self._batch_size = batch_size
        self._seed = seed

    def __getitem__(self, index: int) -> InputsAndTargets:
        rng = np.random.default_rng((self._seed, index))
        starts = rng.integers(len(self._tokens) - self._context, size=self._batch_size)
        windows = np.stack([self._tokens[start : start + self._context + 1] for start in starts])  # (B, T + 1)
        return windows[:, :-1], windows[:, 1:]


class SequentialWindows:
    """Batches of consecutive windows: every token except the first is a target exactly once.

    The last window is padded with token 0 and with ignored targets.

    Raises:
        UserError: there are fewer than two tokens.
    """

    def __init__(self, tokens: TokenStream, context: int, batch_size: int) -> None:
        if len(tokens) < 2:
            raise UserError(
                f"the text has {counted(len(tokens), 'token')}, and two are needed to predict one from another"
            )
        self._tokens = tokens
        self._context = min(context, len(tokens) - 1)
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-(len(self._tokens) - 1) // (self._context * self._batch_size))

    def __getitem__(self, index: int) -> InputsAndTargets:
        length = self._context * self._batch_size
        stretch = self._tokens[index * length : (index + 1) * length + 1]
        rows = -(-(len(stretch) - 1) // self._context)
        missing = rows * self._context + 1 - len(stretch)
        inputs = np.pad(stretch[:-1], (0, missing))
        targets = np.pad(stretch[1:], (0, missing), constant_values=IGNORED)
        return inputs.reshape(rows, self._context), targets.reshape(rows, self._context)
