"""Every weight must be finite, initialised, used, and restored from disk."""

import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cutaway.checks.batch import Batch, join, logits
from cutaway.checks.measure import Measurement, named, repeated
from cutaway.checks.subject import Subject
from cutaway.model.build import build
from cutaway.model.device import device_of
from cutaway.model.run_folder import read_weights, write_weights
from cutaway.model.transformer import Hidden, Transformer
from cutaway.nn.ngrams import NGram

ALIKE = 0.4
"""The largest fraction of equal neighbours in a matrix: few in a quantized one, half if half was never filled."""

EXPERT = re.compile(r"\bexperts\.\d+\.")


def weights_are_finite(subject: Subject) -> Measurement:
    """The number of weights that contain NaN or infinity."""
    return _count(name for name, weight in subject.model.named_parameters() if not weight.isfinite().all())


def weights_are_filled(subject: Subject) -> Measurement:
    """The largest fraction of equal neighbours in a matrix; norms and biases may be constant.

    N-grams that no text had keep the zeros that they start with, and are left out.
    """
    tables = {f"{path}.table.weight" for path, module in subject.model.named_modules() if isinstance(module, NGram)}
    matrices = {name: weight for name, weight in subject.model.named_parameters() if weight.ndim > 1}
    met = {name: weight[weight.any(dim=1)] if name in tables else weight for name, weight in matrices.items()}
    rows = {name: weight.flatten() for name, weight in met.items()}
    shares = {name: float((row[1:] == row[:-1]).float().mean()) for name, row in rows.items() if len(row) > 1}
    worst = max(shares, key=lambda name: shares[name])
    return Measurement(shares[worst], ALIKE, worst if shares[worst] > ALIKE else "")


def weights_are_used(subject: Subject) -> Measurement:
    """The number of weights without a gradient. One expert per layer is enough, since few are chosen.

    The gradient is that of training mode, which includes load balancing and multi-token prediction.
    """
    weights = {name: weight.detach().requires_grad_() for name, weight in subject.model.named_parameters()}
    renamed = {f"model.{name}": weight for name, weight in weights.items()}
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)  # for dropout
        subject.model.train()
        try:
            outputs = functional_call(_Speaker(subject.model), renamed, join(subject.even))
        finally:
            subject.model.eval()
        pulled = torch.stack([(one * torch.randn_like(one)).sum() for one in outputs]).sum()
        gradients = torch.autograd.grad(pulled, list(weights.values()), allow_unused=True)
    found = zip(map(_of_any_expert, weights), gradients, strict=True)
    reached = {name for name, gradient in found if gradient is not None and gradient.any()}
    return _count(dict.fromkeys(name for name in map(_of_any_expert, weights) if name not in reached))


def saved_equals_loaded(subject: Subject) -> Measurement:
    """The number of weights, or otherwise logits, that differ in a model built anew and loaded from disk."""
    model, fresh = subject.model, build(subject.config.model).to(device_of(subject.model)).eval()
    unlike = _shapes(model) ^ _shapes(fresh)
    if unlike:
        return _count(sorted({name for name, _ in unlike}))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write_weights(path, model)
        read_weights(path, fresh)
    pairs = zip(model.named_parameters(), fresh.parameters(), strict=True)
    changed = [name for (name, ours), theirs in pairs if not torch.equal(_bits(ours), _bits(theirs))]
    if changed:
        return _count(changed)
    batch = join(subject.even)
    ours, theirs = logits(model, batch), logits(fresh, batch)
    allowed = repeated(device_of(model)) * ours.abs().max()
    others = int(((ours - theirs).abs() > allowed).sum())
    return Measurement(others, 0, "the logits, not the weights" if others else "")


class _Speaker(nn.Module):
    """All outputs of a model in training: its logits, and those of multi-token prediction."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> list[Tensor]:
        """Computes the outputs."""
        shown = batch.to(device_of(self.model))
        outputs: list[Tensor] = self.model(shown.inputs, **shown.arguments, read=_read_all)
        return outputs


def _read_all(head: nn.Module, hidden: Hidden) -> list[Tensor]:
    return [head(hidden.states, hidden.attention_mask), *(head(states) for states in hidden.multi_token)]


def _count(names: Iterable[str]) -> Measurement:
    culprits = list(names)
    return Measurement(len(culprits), 0, named(culprits))


def _of_any_expert(name: str) -> str:
    return EXPERT.sub("experts.*.", name)


def _shapes(model: nn.Module) -> set[tuple[str, torch.Size]]:
    return {(name, weight.shape) for name, weight in model.named_parameters()}


def _bits(weight: Tensor) -> Tensor:
    return weight.contiguous().view(torch.int32)
