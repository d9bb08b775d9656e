"""From hidden states to logits: a score for every token, for every label of a sequence or for those of a token."""

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
    """logits = t(h) Wᵀ · scale + b: how likely each token of the vocabulary is (Vaswani et al. 2017, section 3.4).

    Args:
        table: W, (V, C); it may be that of the token embedding.
        bias: whether there is b.
        scale: 1/√C in T5's own code where W is the embedding.
        softcap: squeezes the logits into ±softcap by a tanh (Gemma 2, section 2).
        transform: t, a `Transform` or nothing.
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
        """Scores every token of the vocabulary at each place; padding is scored like the rest."""
        x = self.transform(hidden)
        logits = self.projection(x if self.scale == 1 else x * self.scale)
        if self.softcap is not None:
            logits = self.softcap * torch.tanh(logits / self.softcap)
        return tap("logits", logits)


class Transform(nn.Module):
    """norm(activation(x W + b)): what BERT does before it scores tokens (Devlin et al. 2019, its own code)."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor], norm: nn.Module) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.activation = activation
        self.norm = norm

    def forward(self, hidden: Float[Tensor, "*T C"]) -> Float[Tensor, "*T C"]:
        """Computes it, token by token."""
        return self.norm(self.activation(self.dense(hidden)))


class TokenHead(nn.Module):
    """logits = dropout(h) Wᵀ + b at each place: tags of words, or whether a span begins or ends here."""

    taps = ("logits",)

    def __init__(self, width: int, labels: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.projection = linear_over(nn.Parameter(torch.zeros(labels, width)), bias=True)
        self.out_features = labels
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "*T C"], attention_mask: Mask | None = None) -> Float[Tensor, "*T N"]:
        """Scores every label at each place; padding is scored like the rest."""
        return tap("logits", self.projection(self.dropout(hidden)))


class SequenceHead(nn.Module):
    """logits = dropout(pool(h)) Wᵀ + b: one answer for the whole sequence.

    Args:
        width: C.
        labels: N.
        pool: one of `POOLINGS`.
        dense: what the pooled vector first goes through, together with `activation`, if anything: in BERT's own code
            tanh(x W + b), in DistilBERT's relu(x W + b).
        dropout: share of the pooled vector zeroed in training.
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
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.dense = dense
        self.activation = activation
        self.projection = linear_over(nn.Parameter(torch.zeros(labels, width)), bias=True)
        self.out_features = labels
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B T C"], attention_mask: Mask | None = None) -> Float[Tensor, "B N"]:
        """Scores every label for each sequence; padding has no say."""
        x = self.pool(hidden, attention_mask)
        if self.dense is not None:
            x = self.activation(self.dense(x))
        return tap("logits", self.projection(self.dropout(tap("pooled", x))))


class EmbeddingHead(nn.Module):
    """pool(h), a vector for the whole sequence (Reimers & Gurevych 2019, section 3): what means alike lies close by.

    Args:
        pool: one of `POOLINGS`.
        dense: what the vector then goes through, together with a tanh, if anything.
        normalised: whether it is at last brought to length 1, so that a product of two is their cosine.
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
        """Computes the vector of each sequence; padding has no say."""
        x = tap("pooled", self.pool(hidden, attention_mask))
        if self.dense is not None:
            x = torch.tanh(self.dense(x))
        return tap("logits", F.normalize(x, dim=-1) if self.normalised else x)


Head = LanguageHead | SequenceHead | TokenHead | EmbeddingHead


def pool_first(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The first token that is no padding: BERT's [CLS]."""
    return _pick(hidden, torch.zeros_like(hidden[:, 0, 0], dtype=torch.long) if mask is None else _first(mask))


def pool_last(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The last token that is no padding: the only one that has seen all others in a causal stack."""
    last = hidden.shape[1] - 1
    return hidden[:, last] if mask is None else _pick(hidden, last - _first(mask.flip(1)))


def pool_mean(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The mean over the tokens that are no padding; zeros if all are."""
    if mask is None:
        return hidden.mean(dim=1)
    keep = mask.bool()[:, :, None]
    return hidden.masked_fill(~keep, 0.0).sum(dim=1) / keep.sum(dim=1).clamp(min=1)


def pool_max(hidden: Float[Tensor, "B T C"], mask: Mask | None) -> Float[Tensor, "B C"]:
    """The largest value of each channel over the tokens that are no padding; zeros if all are."""
    if mask is None:
        return hidden.amax(dim=1)
    keep = mask.bool()[:, :, None]
    largest = hidden.masked_fill(~keep, torch.finfo(hidden.dtype).min).amax(dim=1)
    return largest.masked_fill(~keep.any(dim=1), 0.0)


def _first(mask: Tensor) -> Tensor:
    return mask.long().argmax(dim=1)


def _pick(hidden: Tensor, places: Tensor) -> Tensor:
    return hidden[torch.arange(hidden.shape[0], device=hidden.device), places]  # len would fix the size in a graph


POOLINGS: dict[str, Callable[[Tensor, Tensor | None], Tensor]] = {
    "cls": pool_first,
    "mean": pool_mean,
    "max": pool_max,
    "last": pool_last,
}
