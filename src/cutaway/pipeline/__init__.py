"""A trained model, opened: `load` and the methods of `Pipeline`."""

from cutaway.pipeline.loading import load
from cutaway.pipeline.methods import Pipeline

__all__ = ["Pipeline", "load"]
