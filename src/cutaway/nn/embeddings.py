"""Embeddings: token ids, images or audio frames -> the vectors that the first block reads.

Every embedding computes its vectors when called; `slots` gives their number without computing them.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from cutaway.nn.dropout import Dropout
from cutaway.nn.layers import dtype_of, embedding_over, linear_over, require_axes
from cutaway.nn.ngrams import NGrams
from cutaway.nn.positions import AddsToEmbeddings, LearnedGrid
from cutaway.tap import tap


class TokenEmbedding(nn.Module):
    """norm(scale · E[token] + n-grams + S[segment] + position): one trained vector per token.

    With a projection, the result is that times W plus b: the table is narrower than the model (Lan et al. 2020,
    "ALBERT", section 3.1). With a projection of tokens, scale · E[token] W takes the place of scale · E[token] (OPT's
    own code).

    Args:
        table: E, (V, C), or (V, E) with a projection; it may be shared with a head or another embedding.
        scale: multiplies the token vectors; the root of their width in Vaswani et al. 2017, section 3.4.
        segments: the number of segments, each with a trained vector (Devlin et al. 2019, section 3).
        positions: the position scheme, if it is added to embeddings.
        norm: applied to the sum, if given.
        ngrams: the vectors of n-grams, if there are any.
        projections: a linear layer from the width of the table to C for tokens, and one for the normalised sum, if
            these are projected.
        dropout: fraction of the sum zeroed in training.
    """

    def __init__(
        self,
        table: nn.Parameter,
        *,
        scale: float = 1.0,
        segments: int = 0,
        positions: nn.Module | None = None,
        norm: nn.Module | None = None,
        ngrams: NGrams | None = None,
        projections: tuple[nn.Linear | None, nn.Linear | None] = (None, None),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.tokens = embedding_over(table)
        self.scale = scale
        token_projection, projection = projections
        self.token_projection = token_projection or nn.Identity()
        width = table.shape[1] if token_projection is None else token_projection.out_features
        self.segments = embedding_over(nn.Parameter(torch.zeros(segments, width))) if segments else None
        self.positions: AddsToEmbeddings | None = positions
        self.norm = norm or nn.Identity()
        self.ngrams = ngrams
        self.earlier = 0 if ngrams is None else ngrams.earlier
        self.projection = projection or nn.Identity()
        self.dropout = Dropout(dropout)
        further = {"ngrams": ngrams, "positions": positions}
        self.taps = ("tokens", *(name for name, part in further.items() if part is not None), "out")

    def slots(self, tokens: Int[Tensor, "B T"]) -> Int[Tensor, "B T"]:
        """A tensor with one entry per vector of the inputs; only its shape and device matter.

        Raises:
            ValueError: the tokens have no batch dimension.
        """
        require_axes(tokens, "token ids", "B T")
        return tokens

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        positions: Int[Tensor, "#B T"],
        segments: Int[Tensor, "B T"] | None = None,
        earlier: Int[Tensor, "B M"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Looks up the tokens and adds n-grams, segments and positions.

        Args:
            tokens: ids.
            positions: of the tokens, each in its own text.
            segments: of the tokens; without them, all belong to the first.
            earlier: the last `self.earlier` tokens of each row before these, for n-grams; without them, texts start.

        Raises:
            ValueError: segments are given, but the embedding has none.
        """
        x = tap("tokens", self.token_projection(self.tokens(tokens) * self.scale))
        if self.ngrams is not None:
            x = x + tap("ngrams", self.ngrams(tokens, positions, earlier))
        if self.segments is not None:
            x = x + self.segments(torch.zeros_like(tokens) if segments is None else segments)
        elif segments is not None:
            raise ValueError("the model has no segments: model.embedding.segments is 0")
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions).to(x.dtype))
        return tap("out", self.projection(self.dropout(self.norm(x))))


class PatchEmbedding(nn.Module):
    """norm(patch W + b + position): one vector per patch of an image (Dosovitskiy et al. 2021, eq. 1).

    A patch is flattened channel by channel, each row by row; patches are ordered row by row.

    Args:
        width: C.
        patch: P, the side of a patch in pixels.
        channels: of the images.
        cls: whether a trained vector precedes the patches.
        grid: the positions, if they are learned; with one more before the grid for that vector.
        norm: applied to the sum, if given.
        dropout: fraction of the result zeroed in training.
    """

    earlier = 0

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
        """A tensor with one entry per vector of the inputs; only its shape and device matter.

        Raises:
            ValueError: the images have no batch dimension or other channels, or their sides are not multiples of a
                patch.
        """
        require_axes(images, "images", "B channels height width")
        batch, channels, height, width = images.shape
        if channels != self.channels:
            raise ValueError(f"the model reads images of {self.channels} channels, but these have {channels}")
        if height % self.patch or width % self.patch:
            raise ValueError(f"an image of {height} × {width} pixels cannot be divided into patches of {self.patch}")
        patches = (height // self.patch) * (width // self.patch)
        return images.new_empty(batch, patches + (self.cls is not None))

    def forward(
        self,
        images: Float[Tensor, "B channels height width"],
        positions: Int[Tensor, "#B T"],
        segments: None = None,
        earlier: None = None,
    ) -> Float[Tensor, "B T C"]:
        """Divides the images into patches and adds their positions in the grid; `positions` are not used."""
        images = images.to(dtype_of(self, images.dtype))
        patches = F.unfold(images, self.patch, stride=self.patch).mT  # (B, T, channels · P²)
        x = tap("tokens", self.projection(patches))
        if self.cls is not None:
            x = torch.cat([self.cls.expand(x.shape[0], 1, -1), x], dim=1)
        if self.grid is not None:
            x = x + tap("positions", self.grid(images.shape[2] // self.patch, images.shape[3] // self.patch))
        return tap("out", self.dropout(self.norm(x)))


class FrameEmbedding(nn.Module):
    """norm(frame W + b + position): one vector per frame (Gong et al. 2021, "AST", section 2.1, frame by frame).

    Args:
        width: C.
        bins: values per frame.
        positions: the position scheme, if it is added to embeddings.
        norm: applied to the sum, if given.
        dropout: fraction of the result zeroed in training.
    """

    earlier = 0

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
        """A tensor with one entry per vector of the inputs; only its shape and device matter.

        Raises:
            ValueError: the frames have no batch dimension, or another number of values.
        """
        require_axes(frames, "frames", "B T bins")
        if frames.shape[2] != self.bins:
            raise ValueError(f"the model reads frames of {self.bins} values, but these have {frames.shape[2]}")
        return frames[:, :, 0]

    def forward(
        self,
        frames: Float[Tensor, "B T bins"],
        positions: Int[Tensor, "#B T"],
        segments: None = None,
        earlier: None = None,
    ) -> Float[Tensor, "B T C"]:
        """Projects each frame and adds its position."""
        x = tap("tokens", self.projection(frames.to(dtype_of(self, frames.dtype))))
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions).to(x.dtype))
        return tap("out", self.dropout(self.norm(x)))


Embedding = TokenEmbedding | PatchEmbedding | FrameEmbedding
