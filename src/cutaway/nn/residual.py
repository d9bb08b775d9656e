"""Residual connections, by where the norm is placed."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.dropout import drop

Sublayer = Callable[[Tensor], Tensor]


class PreNorm(nn.Module):
    """x + f(norm(x)) (Xiong et al. 2020, table 1): the residual stream is never normalised."""

    def __init__(self, norm: nn.Module, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = norm
        self.dropout = dropout

    def forward(self, x: Float[Tensor, "B T C"], sublayer: Sublayer) -> Float[Tensor, "B T C"]:
        """Adds the sublayer's output to the residual stream."""
        return x + drop(sublayer(self.norm(x)), self.dropout, self.training)


class PostNorm(nn.Module):
    """norm(x + f(x)) (Vaswani et al. 2017, section 3.1)."""

    def __init__(self, norm: nn.Module, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = norm
        self.dropout = dropout

    def forward(self, x: Float[Tensor, "B T C"], sublayer: Sublayer) -> Float[Tensor, "B T C"]:
        """Adds the sublayer's output to the residual stream, then normalises the sum."""
        return self.norm(x + drop(sublayer(x), self.dropout, self.training))


class ResPostNorm(nn.Module):
    """x + norm(f(x)) (Liu et al. 2022, "Swin Transformer V2", section 3.2; OLMo 2)."""

    def __init__(self, norm: nn.Module, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = norm
        self.dropout = dropout

    def forward(self, x: Float[Tensor, "B T C"], sublayer: Sublayer) -> Float[Tensor, "B T C"]:
        """Adds the sublayer's normalised output to the residual stream."""
        return x + drop(self.norm(sublayer(x)), self.dropout, self.training)


class Sandwich(nn.Module):
    """x + norm_out(f(norm_in(x))) (Ding et al. 2021, "CogView", section 2.4; Gemma 2)."""

    def __init__(self, norm_in: nn.Module, norm_out: nn.Module, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_in = norm_in
        self.norm_out = norm_out
        self.dropout = dropout

    def forward(self, x: Float[Tensor, "B T C"], sublayer: Sublayer) -> Float[Tensor, "B T C"]:
        """Adds the sublayer's normalised output to the residual stream."""
        return x + drop(self.norm_out(sublayer(self.norm_in(x))), self.dropout, self.training)
