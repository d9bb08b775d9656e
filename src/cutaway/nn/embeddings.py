"""From what a model is shown to the vectors that enter the first block: token ids, images, frames of sound.

Every embedding tells by `slots` how many vectors its inputs become, and computes them when called.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from cutaway.nn.dropout import Dropout
from cutaway.nn.layers import embedding_over, linear_over
from cutaway.nn.positions import AddsToEmbeddings, LearnedGrid
from cutaway.tap import tap


class TokenEmbedding(nn.Module):
    """norm(scale · E[token] + S[segment] + position): one trained vector a token, and where it stands.

    Args:
        table: E, (V, C); it may be shared with a head or another embedding.
        scale: multiplies the token's vector; √C in Vaswani et al. 2017, section 3.4.
        segments: how many parts of a text are told apart, each by a trained vector (Devlin et al. 2019, section 3).
        positions: the scheme, if it is one that adds.
        norm: what the sum passes through, if anything.
        dropout: share of the result zeroed in training.
    """

    def __init__(
        self,
        table: nn.Parameter,
        *,
        scale: float = 1.0,
        segments: int = 0,
        positions: nn.Module | None = None,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.tokens = embedding_over(table)
        self.scale = scale
        self.segments = embedding_over(nn.Parameter(torch.zeros(segments, table.shape[1]))) if segments else None
        self.positions: AddsToEmbeddings | None = positions
        self.norm = norm or nn.Identity()
        self.dropout = Dropout(dropout)
        self.taps = ("tokens", *(("positions",) if positions is not None else ()), "out")

    def slots(self, tokens: Int[Tensor, "B T"]) -> Int[Tensor, "B T"]:
        """A tensor with an entry for each vector that the inputs become; only its shape and device matter."""
        return tokens

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        positions: Int[Tensor, "#B T"],
        segments: Int[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Looks up the tokens and adds where they stand; without `segments`, all belong to the first.

        Raises:
            ValueError: segments are given, and this embedding does not tell them apart.
        """
        x = tap("tokens", self.tokens(tokens) * self.scale)
        if self.segments is not None:
            x = x + self.segments(torch.zeros_like(tokens) if segments is None else segments)
        elif segments is not None:
            raise ValueError("the model does not tell segments apart: model.embedding.segments is 0")
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions).to(x.dtype))
        return tap("out", self.dropout(self.norm(x)))


class PatchEmbedding(nn.Module):
    """norm(patch W + b + position), one vector a square of the image (Dosovitskiy et al. 2021, eq. 1).

    A patch is read channel by channel, each row by row; patches follow each other row by row.

    Args:
        width: C.
        patch: P, pixels on each side of a square.
        channels: of the images.
        cls: whether a trained vector stands before the patches.
        grid: the positions, if they are learned; with a place before it for that vector.
        norm: what the sum passes through, if anything.
        dropout: share of the result zeroed in training.
    """

    def __init__(
        self,
        width: int,
        patch: int,
        channels: int,
        *,
        cls: bool = True,
        grid: LearnedGrid | None = None,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.channels = channels
        self.projection = linear_over(nn.Parameter(torch.zeros(width, channels * patch**2)), bias=True)
        self.cls = nn.Parameter(torch.zeros(width)) if cls else None
        self.grid = grid
        self.norm = norm or nn.Identity()
        self.dropout = Dropout(dropout)
        self.taps = ("tokens", *(("positions",) if grid is not None else ()), "out")

    def slots(self, images: Float[Tensor, "B channels height width"]) -> Shaped[Tensor, "B T"]:
        """A tensor with an entry for each vector that the inputs become; only its shape and device matter.

        Raises:
            ValueError: the images have other channels, or their sides are no multiples of a patch.
        """
        batch, channels, height, width = images.shape
        if channels != self.channels:
            raise ValueError(f"the model reads images of {self.channels} channels, and these have {channels}")
        if height % self.patch or width % self.patch:
            raise ValueError(f"an image of {height} × {width} pixels cannot be cut into patches of {self.patch}")
        patches = (height // self.patch) * (width // self.patch)
        return images.new_empty(batch, patches + (self.cls is not None))

    def forward(
        self,
        images: Float[Tensor, "B channels height width"],
        positions: Int[Tensor, "#B T"],
        segments: None = None,
    ) -> Float[Tensor, "B T C"]:
        """Cuts the images into patches and adds where they lie; `positions`, which are of a line, are not needed."""
        patches = F.unfold(images, self.patch, stride=self.patch).mT  # (B, T, channels · P²)
        x = tap("tokens", self.projection(patches))
        if self.cls is not None:
            x = torch.cat([self.cls.expand(x.shape[0], 1, -1), x], dim=1)
        if self.grid is not None:
            x = x + tap("positions", self.grid(images.shape[2] // self.patch, images.shape[3] // self.patch))
        return tap("out", self.dropout(self.norm(x)))


class FrameEmbedding(nn.Module):
    """norm(frame W + b + position), one vector a frame (Gong et al. 2021, "AST", section 2.1, frame by frame).

    Args:
        width: C.
        bins: numbers in a frame.
        positions: the scheme, if it is one that adds.
        norm: what the sum passes through, if anything.
        dropout: share of the result zeroed in training.
    """

    def __init__(
        self,
        width: int,
        bins: int,
        *,
        positions: nn.Module | None = None,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.projection = linear_over(nn.Parameter(torch.zeros(width, bins)), bias=True)
        self.bins = bins
        self.positions: AddsToEmbeddings | None = positions
        self.norm = norm or nn.Identity()
        self.dropout = Dropout(dropout)
        self.taps = ("tokens", *(("positions",) if positions is not None else ()), "out")

    def slots(self, frames: Float[Tensor, "B T bins"]) -> Shaped[Tensor, "B T"]:
        """A tensor with an entry for each vector that the inputs become; only its shape and device matter.

        Raises:
            ValueError: the frames hold other numbers of numbers.
        """
        if frames.shape[2] != self.bins:
            raise ValueError(f"the model reads frames of {self.bins} numbers, and these have {frames.shape[2]}")
        return frames[:, :, 0]

    def forward(
        self, frames: Float[Tensor, "B T bins"], positions: Int[Tensor, "#B T"], segments: None = None
    ) -> Float[Tensor, "B T C"]:
        """Transforms each frame and adds where it stands."""
        x = tap("tokens", self.projection(frames))
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions).to(x.dtype))
        return tap("out", self.dropout(self.norm(x)))


Embedding = TokenEmbedding | PatchEmbedding | FrameEmbedding
