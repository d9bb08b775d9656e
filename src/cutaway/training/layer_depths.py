"""The depth of weights, counted from the output."""

from torch import nn

from cutaway.model.stack import Stack


def layers_above(model: nn.Module) -> dict[str, int]:
    """The number of layers from a weight's layer to the end of its stack, its own layer included.

    None for a final norm and a head, 1 for the last block, and the number of blocks plus 1 for an embedding.
    """
    above = dict.fromkeys((name for name, _ in model.named_parameters()), 0)
    for path, stack in model.named_modules():
        if isinstance(stack, Stack):
            names = [name for name, _ in stack.named_blocks()]
            blocks = len(names)
            places = {name: blocks - i for i, name in enumerate(names)} | {"norm": 0}
            for name in above:
                if name.startswith(f"{path}."):
                    part = name.removeprefix(f"{path}.").partition(".")[0]
                    above[name] = places.get(part, blocks + 1)
    return above
