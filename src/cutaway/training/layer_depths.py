"""Where in a model its weights stand: how far from the end."""

from torch import nn

from cutaway.model.stack import Stack


def layers_above(model: nn.Module) -> dict[str, int]:
    """How many layers a weight's output goes through before the end of its stack, its own one among them.

    None for a final norm and a head, one for the last block, and for an embedding one more than there are blocks.
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
