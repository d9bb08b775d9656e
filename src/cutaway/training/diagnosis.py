"""Finding the first number that is not finite."""

from collections.abc import Callable

from torch import Tensor, nn

from cutaway.tap import capture


def explain_non_finite(model: nn.Module, again: Callable[[], object]) -> str:
    """Repeats a computation that gave a non-finite number, and reports where the first one occurred.

    That is a weight, if one was non-finite before; otherwise the first tap in the order of the forward pass, the first
    gradient of a tap in the order of the backward pass, or the gradient of a weight.

    Args:
        model: whose taps are captured; its gradients are removed.
        again: runs the forward passes, and the backward passes if there were any.
    """
    broken = [f"the weight {name}" for name in non_finite_weights(model)]

    def watch(name: str, x: Tensor) -> Tensor:
        note(f"the value of {name}", x)
        if x.requires_grad:
            x.register_hook(lambda gradient: note(f"the gradient of {name}", gradient))
        return x

    def note(name: str, x: Tensor) -> None:
        if not x.isfinite().all():
            broken.append(name)

    model.zero_grad()
    if not broken:
        with capture(model, edits={"*": watch}):
            again()
    for name, weight in model.named_parameters():
        if weight.grad is not None:
            note(f"the gradient of the weight {name}", weight.grad)
    model.zero_grad()
    return f"{broken[0]} is the first that is not finite" if broken else "every number is finite, but their sum is not"


def non_finite_weights(model: nn.Module) -> list[str]:
    """Names of the weights that contain an infinity or NaN."""
    return [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
