"""Every choice as a small frozen record."""

from cutaway.config.mistakes import explain
from cutaway.config.model import ModelConfig
from cutaway.config.reading import dump_run, load_preset, load_run, override, presets
from cutaway.config.record import Record
from cutaway.config.run import RunConfig

__all__ = ["ModelConfig", "RunConfig", "dump_run", "load_preset", "load_run", "override", "presets"]

Record.explain = explain
