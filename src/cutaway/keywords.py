"""Functions that answer a wrong keyword with the nearest right one."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, get_args, get_type_hints

from cutaway.errors import UserError, nearest

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
Class = TypeVar("Class", bound=type)

OTHER_NAMES = {
    "max_tokens": "max_new_tokens",
    "max_length": "max_new_tokens",
    "num_return_sequences": "num_samples",
    "stop_strings": "stop",
    "temp": "temperature",
    "beams": "num_beams",
    "repeat_penalty": "repetition_penalty",
    "labels": "target",
    "output_dir": "out",
    "src_lang": "source_language",
    "tgt_lang": "target_language",
}
"""Keywords of other libraries, and what they are called here."""


def explained(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """The function, which raises a UserError with the nearest name for a keyword that it does not have."""
    known: list[str] = []

    @wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        if kwargs:
            if not known:  # on the first use: annotations may need modules that are not loaded earlier
                known.extend(_keywords(function))
            for name in kwargs:
                if known != ["*"] and name not in known:
                    raise UserError(f"{function.__name__}() has no argument {name!r}; {_meant(name, known)}")
        return function(*args, **kwargs)

    return checked


def all_explained(cls: Class) -> Class:
    """The class, with the same for all its public methods."""
    for name, member in list(vars(cls).items()):
        if not name.startswith("_") and inspect.isfunction(member):
            setattr(cls, name, explained(member))
    return cls


def _meant(name: str, known: list[str]) -> str:
    other = OTHER_NAMES.get(name)
    return f"did you mean {other!r}?" if other in known else nearest(name, known)


def _keywords(function: Callable[..., object]) -> list[str]:
    """The names that may be given; those of a typed dict for ``**options: Unpack[...]``; ["*"] if any name may."""
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            unpacked = get_args(get_type_hints(function).get(parameter.name))
            if not unpacked:
                return ["*"]
            names += list(get_type_hints(unpacked[0]))
        elif parameter.kind is not parameter.POSITIONAL_ONLY and parameter.name != "self":
            names.append(parameter.name)
    return names
