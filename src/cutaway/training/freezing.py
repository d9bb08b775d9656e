"""Weights that are not trained."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from torch import nn

from cutaway.errors import UserError, nearest
from cutaway.model.renamed import former_names


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Freezes the weights whose names match one of the patterns: they get no gradient.

    A pattern is a name (``encoder.norm.weight``), the beginning of a name up to a dot (``encoder.0``), or contains
    ``*`` for any characters (``*.bias``). A weight with two names, such as that of a tied head, is frozen by either,
    and by its names in earlier versions.

    Raises:
        UserError: a pattern matches nothing, or no weight is left to train.
    """
    known = dict(model.named_parameters(remove_duplicate=False))
    for pattern in patterns:
        for weight in _matching(pattern, known):
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in known.values()):
        raise UserError("train.frozen leaves no weight to train: name fewer weights")


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")


def _matching(pattern: str, known: dict[str, nn.Parameter]) -> list[nn.Parameter]:
    names = {name: (name, *former_names(name)) for name in known}
    matches = [weight for name, weight in known.items() if any(_fits(one, pattern) for one in names[name])]
    if not matches:
        depth = pattern.count(".") + 1
        places = dict.fromkeys(".".join(name.split(".")[:depth]) for name in known)
        raise UserError(f"no weight of this model matches {pattern!r} of train.frozen; {nearest(pattern, places)}")
    return matches
