"""N-gram embeddings: trained vectors of the last few tokens, which are added to the vector of the last one."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.layers import embedding_over
from cutaway.tap import tap

MODULUS = (1 << 31) - 1
"""A prime, so small that products with the multiplier fit into 64 bits."""
MULTIPLIER = 1_000_003


class NGram(nn.Module):
    """N[row(t₁ … tₙ)]: a trained vector per n-gram, which starts at zero; zero where fewer than n tokens precede.

    An exact table has a row for each n-gram: Σ tᵢ Vⁿ⁻ⁱ. A smaller one is hashed: several n-grams share a row. The hash
    is that of Karp & Rabin 1987 from the oldest token to the newest, h ← (M h + t + 1) mod p; the row is h mod R.

    Args:
        length: n.
        vocabulary: V.
        rows: the most vectors; with fewer than Vⁿ, the table is hashed.
        width: C, of the vectors.
        projected: the width that a linear layer gives them, if there is one.
    """

    taps = ("out",)

    def __init__(self, length: int, vocabulary: int, rows: int, width: int, projected: int | None = None) -> None:
        super().__init__()
        self.length = length
        self.is_exact = rows >= vocabulary**length
        self.vocabulary = vocabulary
        self.rows = min(rows, vocabulary**length)
        self.table = embedding_over(nn.Parameter(torch.zeros(self.rows, width)))
        self.projection = nn.Identity() if projected is None else nn.Linear(width, projected, bias=False)

    def rows_of(self, tokens: Sequence[Int[Tensor, "B T"]]) -> Int[Tensor, "B T"]:
        """The row of each n-gram, given its tokens from the newest to the oldest."""
        multiplier, modulus = (self.vocabulary, None) if self.is_exact else (MULTIPLIER, MODULUS)
        row = torch.zeros_like(tokens[0])
        for token in reversed(tokens[: self.length]):
            row = row * multiplier + token if modulus is None else (row * multiplier + token + 1) % modulus
        return row % self.rows

    def forward(self, tokens: Sequence[Int[Tensor, "B T"]], positions: Int[Tensor, "#B T"]) -> Float[Tensor, "B T C"]:
        """The vector of the n-gram that ends at each token.

        Args:
            tokens: each token, the one before it, and so on: n of them or more.
            positions: of the tokens, each in its own text.
        """
        is_whole = positions >= self.length - 1
        vectors: Tensor = self.projection(self.table(self.rows_of(tokens)))
        return tap("out", vectors * is_whole[..., None])


class NGrams(nn.Module):
    """The sum of the vectors of several lengths of n-grams, each named after its length.

    An n-gram does not reach beyond its text: not across the border of a document, nor into padding.

    Args:
        tables: one per length.
    """

    def __init__(self, tables: Sequence[NGram]) -> None:
        super().__init__()
        for table in tables:
            self.add_module(str(table.length), table)
        self.earlier = max(table.length for table in tables) - 1

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        positions: Int[Tensor, "#B T"],
        earlier: Int[Tensor, "B M"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Adds up the vectors of the n-grams that end at each token.

        Args:
            tokens: ids.
            positions: of the tokens, each in its own text; padding on the left has that of the first token.
            earlier: the last tokens of each row before these, as many as `self.earlier`; there are none without it.
        """
        last = trailing(tokens, positions, earlier, self.earlier)
        first, *others = self.children()
        x: Tensor = first(last, positions)
        for table in others:
            x = x + table(last, positions)
        return x


def trailing(
    tokens: Int[Tensor, "B T"], positions: Int[Tensor, "#B T"], earlier: Int[Tensor, "B M"] | None, count: int
) -> list[Int[Tensor, "B T"]]:
    """Each token, the one before it, and so on up to `count` before it; arbitrary where a text has fewer.

    The tokens of one text are contiguous here, and those that precede them in earlier calls are the last of `earlier`:
    padding may be in between.
    """
    if earlier is None:
        earlier = tokens.new_zeros(tokens.shape[0], count)
    slots = torch.arange(tokens.shape[1], device=tokens.device)[None]  # (1, T)
    own = positions - positions[:, :1]  # tokens of the same text before each, in this call
    both = torch.cat([earlier, tokens], dim=1)  # (B, M + T)
    found = [tokens]
    for k in range(1, count + 1):
        source = torch.where(own >= k, slots, own) + (earlier.shape[1] - k)
        found.append(both.gather(1, source.expand(tokens.shape[0], -1)))
    return found
