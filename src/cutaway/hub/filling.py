"""Loading weights into a model and exporting them, with an account of every tensor."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.hub.checkpoint_files import Checkpoint, RenamedFiles
from cutaway.hub.weight_rules import Rule, Table

NAMED = 5
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@dataclass(frozen=True)
class Account:
    """What happened to the tensors of a file.

    Attributes:
        numbers: the number of parameters of the model.
        dtypes: the number of tensors of each dtype in the file.
        ignored: the number of ignored tensors, by what they are.
        absent: names of optional tensors that are missing in the file and are zeros.
    """

    numbers: int
    dtypes: Counter[torch.dtype]
    ignored: Counter[str]
    absent: tuple[str, ...] = ()


@torch.no_grad()
def fill(model: nn.Module, table: Table, checkpoint: Checkpoint, dtype: torch.dtype, source: str) -> Account:
    """Loads the tensors of a file into a model that was built on the meta device.

    Raises:
        UserError: a tensor is missing, unexpected, of another shape, or not floating-point; or two that must be equal
            are not.
    """
    missing = {stand_in: name for stand_in, name in table.stand_ins.items() if name not in checkpoint.names()}
    checkpoint = RenamedFiles(checkpoint, missing)
    names = checkpoint.names()
    ignored = _set_aside(names, table)
    absent = [rule for rule in table.rules if rule.optional and not set(names).intersection(rule.theirs)]
    rules = [rule for rule in table.rules if rule not in absent]
    _require_all(set(names) - set(ignored) - set(table.repeated), rules, source)
    places = _places(model)
    for name in (name for rule in absent for name in rule.ours):
        weight, owners = places.pop(name)
        _put(owners, torch.zeros(weight.shape, dtype=dtype))
    dtypes: Counter[torch.dtype] = Counter()
    repeated: dict[str, list[str]] = {}
    for second in sorted(set(names).intersection(table.repeated)):
        repeated.setdefault(table.repeated[second], []).append(second)
    for rule in rules:
        theirs = [checkpoint.read(name) for name in rule.theirs]
        for name, tensor in zip(rule.theirs, theirs, strict=True):
            _require_floats(name, tensor, source)
            for second in repeated.get(name, ()):
                if not torch.equal(tensor, checkpoint.read(second)):
                    raise UserError(f"{source}: {second} differs from {name}, and the model has one for both")
            dtypes[tensor.dtype] += 1
        for name, tensor in zip(rule.ours, _read(rule, theirs, source), strict=True):
            shape = places[name][0].shape
            if tensor.shape != shape:
                raise UserError(
                    f"{source}: {', '.join(rule.theirs)} gives {name} the shape {tuple(tensor.shape)}, and the model's "
                    f"is {tuple(shape)}"
                )
            _put(places.pop(name)[1], tensor.to(dtype))
    if places:
        raise UserError(f"{source} fills no {_some(places)}")
    numbers = sum(weight.numel() for weight in model.parameters())
    return Account(numbers, dtypes, Counter(ignored.values()), tuple(name for rule in absent for name in rule.theirs))


@torch.no_grad()
def empty(model: nn.Module, table: Table) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a file, computed from those of a model.

    Raises:
        KeyError: the table lacks a weight of the model.
    """
    weights = dict(model.named_parameters())
    dtype = next(iter(weights.values())).dtype
    copies = {name: stand_in for stand_in, name in table.stand_ins.items()}
    for rule in table.rules:
        written = rule.change.write([weights.pop(name) for name in rule.ours])
        for name, tensor in zip(rule.theirs, written, strict=True):
            yield name, tensor if rule.ours else tensor.to(dtype)
            if name in copies:
                yield copies[name], tensor.clone()
    if weights:
        raise KeyError(f"no rule is for {', '.join(weights)}")


def _set_aside(names: Sequence[str], table: Table) -> dict[str, str]:
    """The tensors that a model does not use, and what each of them is."""
    patterns = [(re.compile(pattern), what) for pattern, what in table.ignored.items()]
    left = set(names).difference(name for rule in table.rules for name in rule.theirs)
    found = {name: next((what for pattern, what in patterns if pattern.fullmatch(name)), None) for name in sorted(left)}
    return {name: what for name, what in found.items() if what is not None}


def _require_all(names: set[str], rules: Iterable[Rule], source: str) -> None:
    wanted = [name for rule in rules for name in rule.theirs]
    missing = [name for name in wanted if name not in names]
    left = sorted(names.difference(wanted))
    if missing or left:
        complaints = [f"lacks {_some(missing)}"] * bool(missing) + [f"holds unknown {_some(left)}"] * bool(left)
        raise UserError(f"{source} {' and '.join(complaints)}")


def _require_floats(name: str, tensor: Tensor, source: str) -> None:
    if tensor.dtype not in FLOATS:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise UserError(f"{source}: {name} holds {kind}, no floating-point numbers: ask for one that is not quantized")


def _read(rule: Rule, theirs: Sequence[Tensor], source: str) -> Sequence[Tensor]:
    try:
        return rule.change.read(theirs)
    except (ValueError, RuntimeError, IndexError) as error:
        raise UserError(f"{source}: {', '.join(rule.theirs)} {error}") from None


def _places(model: nn.Module) -> dict[str, tuple[nn.Parameter, list[tuple[nn.Module, str]]]]:
    """Each weight by its first name, and all modules that have it."""
    found: dict[int, tuple[str, nn.Parameter, list[tuple[nn.Module, str]]]] = {}
    for prefix, module in model.named_modules():
        for name, weight in module.named_parameters(recurse=False):
            full = f"{prefix}.{name}" if prefix else name
            found.setdefault(id(weight), (full, weight, []))[2].append((module, name))
    return {name: (weight, owners) for name, weight, owners in found.values()}


def _put(owners: Iterable[tuple[nn.Module, str]], tensor: Tensor) -> None:
    weight = nn.Parameter(tensor.contiguous())
    for module, name in owners:
        before = getattr(module, name)
        weight.requires_grad_(before.requires_grad)
        setattr(module, name, weight)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return f"{', '.join(listed[:NAMED])}{more} ({len(listed)} in all)"
