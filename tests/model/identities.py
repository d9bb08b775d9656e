"""What the identities of all three families are stated in."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cutaway.tap import capture
from variants import TOKENS, VOCABULARY

LENGTHS = [TOKENS, 5, 9]
"""Of the rows of a padded batch: one of them is whole."""


def close(a: Tensor, b: Tensor, tolerance: float = 2e-5) -> bool:
    """Whether two tensors are equal but for rounding, relative to the largest value."""
    return bool((a - b).abs().max() <= tolerance * b.abs().max().clamp(min=1e-3))


def mask(side: str, lengths: list[int], width: int = TOKENS) -> Tensor:
    """True where text is: rows of these lengths, padded to `width` on the left or on the right."""
    right = torch.arange(width) < torch.tensor(lengths)[:, None]
    return right.flip(1) if side == "left" else right


def each_token_changed(ids: Tensor) -> Tensor:
    """A row for each token of one text, in which that token is another: (T, T)."""
    rows = ids.repeat(len(ids), 1)
    return torch.where(torch.eye(len(ids), dtype=torch.bool), (rows + 1) % VOCABULARY, rows)


def reach(before: Tensor, after: Tensor) -> Tensor:
    """Whether row i, where something was changed, is another at place j: (N, T), from two (N, T, V)."""
    return (before - after).abs().amax(dim=-1) > 1e-5


def assert_fused_equals_plain(model: nn.Module, run: Callable[[], Tensor], kept: Tensor, attentions: int) -> None:
    """Holds the fused kernels against the plain body: logits at the places kept, and gradients of every weight."""
    pull = torch.randn(*kept.shape, VOCABULARY) * kept[:, :, None]

    def learn() -> tuple[Tensor, dict[str, Tensor]]:
        model.zero_grad()
        logits = run()
        (logits * pull).sum().backward()
        learnt = {key: weight.grad for key, weight in model.named_parameters() if weight.grad is not None}
        return logits.detach(), learnt

    fused, fused_gradients = learn()
    with capture(model, "*.pattern") as trace:
        plain, plain_gradients = learn()
    assert len(trace) == attentions, "the plain body ran in every layer"
    assert close(fused[kept], plain[kept])
    assert len(plain_gradients) == len(list(model.parameters())), "every weight is learnt"
    largest = max(gradient.abs().max() for gradient in plain_gradients.values())
    for key, gradient in plain_gradients.items():  # some, such as a key's bias without positions, are zero by theory
        assert (fused_gradients[key] - gradient).abs().max() <= 2e-5 * largest, key
