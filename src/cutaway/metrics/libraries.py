"""The libraries that keep the field's metrics: an extra, and loaded only when a figure is asked for."""

from importlib import import_module
from typing import Any

from cutaway.errors import UserError


def load_library(module: str, distribution: str, purpose: str) -> Any:
    """The module; it is untyped to us, as most of these libraries are.

    Raises:
        UserError: it is not installed; says what needs it and what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UserError(f"{purpose} needs {distribution}: install it with pip install 'cutaway[eval]'") from error
