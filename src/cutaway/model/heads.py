"""Heads: from hidden states to logits of tokens, of labels per sequence, or of labels per token."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from cutaway.nn.dropout import Dropout
from cutaway.nn.layers import linear_over
from cutaway.tap import tap

Mask = Int[Tensor, "B T"] | Bool[Tensor, "B T"]


class LanguageHead(nn.Module):
    """logits = t(h) Wᵀ · scale + b, one per token of the vocabulary (Vaswani et al. 2017, section 3.4).

    Args:
        table: W, (V, C), or (V, E) with the width of t(h); it may be that of the token embedding.
        bias: whether b exists.
        scale: 1/√C in T5's own code where W is the embedding.
        softcap: limits the logits to ±softcap by a tanh (Gemma 2, section 2).
        transform: t, a `Transform`, a linear layer where the table has another width than h, or None.
    """

    taps = ("logits",)

    def __init__(
        self,
        table: nn.Parameter,
        *,
        bias: bool = False,
        scale: float = 1.0,
        softcap: float | None = None,
        transform: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.projection = linear_over(table, bias=bias)
        self.out_features = table.shape[0]
        self.scale = scale
        self.softcap = softcap
        self.transform = transform or nn.Identity()

    def forward(self, hidden: Float[Tensor, "*T C"], attention_mask: Mask | None = None) -> Float[Tensor, "*T V"]:
        """Computes the logits at each position, padding included."""
        x = self.transform(hidden)
        logits = self.projection(x if self.scale == 1 else x * self.scale)
        if self.softcap is not None:
            logits = self.softcap * torch.tanh(logits / self.softcap)
        return tap("logits", logits)


class Transform(nn.Module):
    """norm(activation(x W + b)): BERT's transform before the logits (Devlin et al. 2019, its own code).

    ModernBERT's has no b (Warner et al. 2024, section 2.1.1), and precedes the logits of labels too.

    Args:
        width: C, of x.
        activation: of the dense layer.
        norm: over the dense layer's outputs.
        out_width: the number of outputs; None for C.
        bias: whether there is a b.
    """

    def __init__(
        self,
        width: int,
        activation: Callable[[Tensor], Tensor],
        norm: nn.Module,
        *,
        out_width: int | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.dense = nn.Linear(width, out_width or width, bias=bias)
        self.activation = activation
        self.norm = norm

    def forward(self, hidden: Float[Tensor, "*T C"]) -> Float[Tensor, "*T E"]:
        """Transforms each vector."""
        return self.norm(self.activation(self.dense(hidden)))


class TokenHead(nn.Module):
    """logits = dropout(t(h)) Wᵀ + b at each position: tags of words, or the ends of a span.

    Args:
        width: C.
        labels: N.
        transform: t, a `Transform`, or None.
        dropout: fraction of t(h) zeroed in training.
    """

    taps = ("logits",)

    def __init__(self, width: int, labels: int, *, transform: nn.Module | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.transform = transform or nn.Identity()
        self.projection = linear_over(nn.Parameter(torch.zeros(labels, width)), bias=True)
        self.out_features = labels
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "*T C"], attention_mask: Mask | None = None) -> Float[Tensor, "*T N"]:
        """Computes the logits at each position, padding included."""
        return tap("logits", self.projection(self.dropout(self.transform(hidden))))


class SequenceHead(nn.Module):
    """logits = dropout(t(pool(h))) Wᵀ + b, one vector of logits per sequence.

    Args:
        width: C.
        labels: N.
        pool: one of `POOLINGS`.
        dense: applied to the pooled vector, together with `activation`, if given: tanh(x W + b) in BERT's own code,
            relu(x W + b) in DistilBERT's, gelu(x W + b) in ELECTRA's.
        transform: t, a `Transform`, or None.
        bias: whether there is a b.
        dropout: fraction of the pooled vector zeroed in training.
    """

    taps = ("pooled", "logits")

    def __init__(
        self,
        width: int,
        labels: int,
        pool: Callable[[Tensor, Tensor | None], Tensor],
        *,
        dense: nn.Linear | None = None,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        transform: nn.Module | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.dense = dense
        self.activation = activation
        self.transform = transform or nn.Identity()
        self.projection = linear_over(nn.Parameter(torch.zeros(labels, width)), bias=bias)
        self.out_features = labels
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B T C"], attention_mask: Mask | None = None) -> Float[Tensor, "B N"]:
        """Computes the logits of each sequence; padding is ignored."""
        x = self.pool(hidden, attention_mask)
        if self.dense is not None:
            x = self.activation(self.dense(x))
        return tap("logits", self.projection(self.dropout(tap("pooled", self.transform(x)))))


class EmbeddingHead(nn.Module):
    """pool(h), a vector per sequence (Reimers & Gurevych 2019, section 3).

    Args:
        pool: one of `POOLINGS`.
        dense: applied to the vector, followed by a tanh, if given.
        normalised: whether the vector is scaled to length 1, so that a dot product of two is their cosine similarity.
    """

    taps = ("pooled", "logits")

    def __init__(
        self,
        pool: Callable[[Tensor, Tensor | None], Tensor],
        *,
        dense: nn.Linear | None = None,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.dense = dense
        self.normalised = normalised

    def forward(self, hidden: Float[Tensor, "B T C"], attention_mask: Mask | None = None) -> Float[Tensor, "B C"]:
        """Computes the vector of each sequence; padding is ignored."""
        x = tap("pooled", self.pool(hidden, attention_mask))
        if self.dense is not None:
            x = torch.tanh(self.dense(x))
        return tap("logits", F.normalize(x, dim=-1) if self.normalised else x)


Head = LanguageHead | SequenceHead | TokenHead | EmbeddingHead


def pool_first(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The first token that is not padding: BERT's [CLS]."""
    return _pick(hidden, torch.zeros_like(hidden[:, 0, 0], dtype=torch.long) if mask is None else _first(mask))


def pool_last(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The last token that is not padding: in a causal stack, the only one that attends to all others."""
    last = hidden.shape[1] - 1
    return hidden[:, last] if mask is None else _pick(hidden, last - _first(mask.flip(1)))


def pool_mean(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The mean over the tokens that are not padding; zeros if there are none."""
    if mask is None:
        return hidden.mean(dim=1)
    keep = mask.bool()[:, :, None]
    return hidden.masked_fill(~keep, 0.0).sum(dim=1) / keep.sum(dim=1).clamp(min=1)


def pool_max(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The maximum of each channel over the tokens that are not padding; zeros if there are none."""
    if mask is None:
        return hidden.amax(dim=1)
    keep = mask.bool()[:, :, None]
    largest = hidden.masked_fill(~keep, torch.finfo(hidden.dtype).min).amax(dim=1)
    return largest.masked_fill(~keep.any(dim=1), 0.0)


def _first(mask: Tensor) -> Tensor:
    return mask.long().argmax(dim=1)


def _pick(hidden: Tensor, positions: Tensor) -> Tensor:
    return hidden[torch.arange(hidden.shape[0], device=hidden.device), positions]  # len would fix the size in a graph


POOLINGS: dict[str, Callable[[Tensor, Tensor | None], Tensor]] = {
    "cls": pool_first,
    "mean": pool_mean,
    "max": pool_max,
    "last": pool_last,
}
