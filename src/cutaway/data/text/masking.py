"""Windows of text -> windows with masked tokens, and their targets."""

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
    """Batches of masked windows, by number: batch i depends on the seed and on i only."""

    def __init__(self, windows: Windows, masking: Masking, seed: int) -> None:
        self._windows = windows
        self._masking = masking
        self._seed = seed

    def __len__(self) -> int:
        return len(self._windows)  # type: ignore[arg-type]  # a TypeError is right for those without end

    def __getitem__(self, index: int) -> MaskedWindows:
        tokens, following = self._windows[index]
        text = following != IGNORED
        inputs, targets = self._masking.hide(tokens, np.random.default_rng((self._seed, index)))
        return inputs, np.where(text, targets, IGNORED), text
