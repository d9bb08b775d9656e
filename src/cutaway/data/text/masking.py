"""Windows of text -> windows with hidden tokens, and what those were."""

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
        """Returns inputs, and targets that say by `IGNORED` which inputs are padding."""


@dataclass(frozen=True)
class Masking:
    """How tokens are hidden (Devlin et al. 2019, section 3.1).

    Attributes:
        mask: the token that hides others.
        ordinary: ids of the tokens that may be predicted, and may stand for others: all but the special ones.
        share: of the tokens that are to be predicted.
        masked: share of those that the mask stands for.
        random: share of those that any other token stands for; the rest stays as it is.
    """

    mask: int
    ordinary: range
    share: float
    masked: float
    random: float

    def hide(self, tokens: Int64[np.ndarray, "B T"], rng: np.random.Generator) -> InputsAndTargets:
        """Chooses tokens to be predicted; returns what is shown, and the targets: `IGNORED` for all others."""
        allowed = (tokens >= self.ordinary.start) & (tokens < self.ordinary.stop)
        chosen = allowed & (rng.random(tokens.shape) < self.share)
        fate = rng.random(tokens.shape)
        others = rng.integers(self.ordinary.start, self.ordinary.stop, size=tokens.shape)
        shown = np.where(fate < self.masked, self.mask, np.where(fate < self.masked + self.random, others, tokens))
        return np.where(chosen, shown, tokens), np.where(chosen, tokens, IGNORED)


class Masked:
    """Batches of windows with hidden tokens, by number: batch i depends on the seed and on i alone."""

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
