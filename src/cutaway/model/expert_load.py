"""How evenly the experts of a model are used."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from torch import Tensor, nn

from cutaway.nn.balance import count_choices
from cutaway.nn.experts import Experts


@contextmanager
def counted_choices(model: nn.Module) -> Iterator[Mapping[str, Tensor]]:
    """Counts, while the block lasts, how often each expert of a layer is chosen, (E), by the layer's name.

    A capture of the tap `load` would show the same, but makes the model run eagerly.
    """
    counts: dict[str, Tensor] = {}

    def add(name: str, experts: int, balance: nn.Module, inputs: object, choice: tuple[Tensor, object]) -> None:
        counted = count_choices(choice[0], experts).sum(dim=0)
        counts[name] = counts[name] + counted if name in counts else counted

    with ExitStack() as stack:
        for name, module in model.named_modules():
            if isinstance(module, Experts):
                stack.callback(module.balance.register_forward_hook(partial(add, name, len(module.experts))).remove)
        yield counts


def largest_load(counts: Mapping[str, Tensor]) -> dict[str, float]:
    """The largest load of any expert of any layer, relative to an even load: 1 is perfect balance."""
    loads = [len(one) * one.max() / one.sum() for one in counts.values()]
    return {"expert_load": max(load.item() for load in loads)} if loads else {}
