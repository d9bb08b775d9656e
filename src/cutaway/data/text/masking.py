"""Windows of text -> windows with masked tokens, and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int64

from cutaway.data.text.windows import InputsAndTargets
from cutaway.nn.losses import IGNORED

MaskedWindows = tuple[Int64[np.ndarray, "B T"], Int64[np.ndarray, "B T"], Bool[np.ndarray, "B T"]]


@runtime_checkable
class Windows(Protocol):
    """Batches of windows by number."""

    def __getitem__(self, index: int) -> InputsAndTargets:
        """Returns inputs, and targets that are `IGNORED` at padding."""


@dataclass(frozen=True)
class Masking:
    """How tokens are masked (Devlin et al. 2019, section 3.1).

    Attributes:
        mask: the mask token.
        ordinary: ids of the tokens that may be predicted and may replace others: all but the special ones.
        share: fraction of the tokens to predict.
        masked: fraction of those that is replaced by the mask token.
        random: fraction of those that is replaced by any other token; the rest is unchanged.
    """

    mask: int
    ordinary: range
    share: float
    masked: float
    random: float

    def hide(self, tokens: Int64[np.ndarray, "B T"], rng: np.random.Generator) -> InputsAndTargets:
        """Chooses tokens to predict; returns the inputs and the targets, which are `IGNORED` for all other tokens."""
        allowed = (tokens >= self.ordinary.start) & (tokens < self.ordinary.stop)
        chosen = allowed & (rng.random(tokens.shape) < self.share)
        fate = rng.random(tokens.shape)
        others = rng.integers(self.ordinary.start, self.ordinary.stop, size=tokens.shape)
        shown = np.where(fate < self.masked, self.mask, np.where(fate < self.masked + self.random, others, tokens))
        return np.where(chosen, shown, tokens), np.where(chosen, tokens, IGNORED)


class Masked:
    """Batches of masked windows, by number: batch i depends on the seed and on i only.

    Args:
        windows: of a text.
        masking: how tokens are hidden.
        seed: of the choice of tokens.
        frame: special tokens before and after each window, which are never hidden.
    """

    def __init__(
        self,
        windows: Windows,
        masking: Masking,
        seed: int,
        frame: tuple[Sequence[int], Sequence[int]] = ((), ()),
    ) -> None:
        self._windows = windows
        self._masking = masking
        self._seed = seed
        self._frame = frame

    def __len__(self) -> int:
        return len(self._windows)  # type: ignore[arg-type]  # a TypeError is right for those without end

    def __getitem__(self, index: int) -> MaskedWindows:
        tokens, following = self._windows[index]
        text = following != IGNORED
        inputs, targets = self._masking.hide(tokens, np.random.default_rng((self._seed, index)))
        return self._framed(inputs, np.where(text, targets, IGNORED), text)

    def _framed(
        self, inputs: Int64[np.ndarray, "B W"], targets: Int64[np.ndarray, "B W"], text: Bool[np.ndarray, "B W"]
    ) -> MaskedWindows:
        """Puts the frame around the text of each row, before the padding at its end."""
        before, after = self._frame
        lengths = text.sum(axis=1)[:, None]  # (B, 1)
        widths = (0, 0), (len(before), len(after))
        inputs, targets = np.pad(inputs, widths), np.pad(targets, widths, constant_values=IGNORED)
        inputs[:, : len(before)] = before
        places = len(before) + lengths + np.arange(len(after))
        np.put_along_axis(inputs, places, np.broadcast_to(np.array(after, inputs.dtype), places.shape), axis=1)
        return inputs, targets, np.arange(inputs.shape[1]) < lengths + len(before) + len(after)
