"""Weights that training leaves as they are."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from torch import nn

from cutaway.errors import UserError, nearest
from cutaway.model.renamed import former_names


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Freezes the weights whose names match one of the patterns: they get no gradient.

    A pattern is a name (``encoder.norm.weight``), what a name begins with up to a dot (``encoder.0``), or has ``*`` in
    place of any letters (``*.bias``). A weight that has two names, as a tied head has, is frozen by either. A name that
    it had in an earlier version counts too.

    Raises:
        UserError: a pattern matches nothing, or nothing is left to train.
    """
    known = dict(model.named_parameters(remove_duplicate=False))
    for pattern in patterns:
        for weight in _matching(pattern, known):
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in known.values()):
        raise UserError("train.frozen leaves nothing to train: name fewer weights")


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
