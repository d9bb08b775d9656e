"""Optional libraries of metrics, loaded when a figure is computed."""

from importlib import import_module
from typing import Any

from cutaway.errors import UserError


def load_library(module: str, distribution: str, purpose: str) -> Any:
    """The module; most of these libraries have no types.

    Raises:
        UserError: it is not installed; says what needs it and how to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UserError(f"{purpose} needs {distribution}: install it with pip install 'cutaway[eval]'") from error
