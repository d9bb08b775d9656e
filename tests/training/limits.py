"""A system that takes no more."""

from collections.abc import Iterator
from contextlib import contextmanager

from support import require_module


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """While the block lasts, no file may grow beyond so many bytes: what a full disk does, but at a chosen place."""
    resource = require_module("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
