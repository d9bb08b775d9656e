"""Finding where numbers stopped being numbers."""

from torch import Tensor, nn

from cutaway.tap import capture, tap_names
from cutaway.train.tasks.base import Batch, Task


def explain_non_finite(model: nn.Module, task: Task, batch: Batch) -> str:
    """Runs a bad batch once more under watch and says which tensor, in order of the pass, is first not finite.

    Every value in the forward pass is looked at by its tap; if all are finite, every gradient in the backward pass.
    """
    broken: list[str] = []

    def watch(name: str, x: Tensor) -> Tensor:
        if not x.isfinite().all():
            broken.append(f"the value of {name}")
        elif x.requires_grad:
            x.register_hook(lambda gradient: _note_gradient(name, gradient))
        return x

    def _note_gradient(name: str, gradient: Tensor) -> None:
        if not gradient.isfinite().all():
            broken.append(f"the gradient of {name}")

    weights = [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
    with capture(model, edits=dict.fromkeys(tap_names(model), watch)):
        loss, _ = task.loss(model, batch)
        if not broken:
            loss.backward()
    model.zero_grad()
    if weights:
        return f"the weight {weights[0]} is not finite"
    return f"{broken[0]} is the first that is not finite" if broken else "no tap shows it: the loss itself overflowed"
