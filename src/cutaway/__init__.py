"""cutaway builds, trains, runs and opens transformers.

```python
pipeline = cutaway.load("runs/nano")  # model, tokenizer and configuration of a run folder
print(pipeline.generate("ROMEO:", max_new_tokens=100))

with cutaway.capture(pipeline.model, "decoder.*.self_attention.pattern") as trace:
    pipeline.score("To be, or not to be")
```

This file only says where each name lives; a name is imported when it is first asked for, so that `import cutaway` and
`cutaway --help` wait for neither torch nor pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutaway.config import ModelConfig, RunConfig
    from cutaway.errors import JobError, UserError
    from cutaway.model.build import build
    from cutaway.pipeline import Pipeline, load
    from cutaway.tap import capture, tap_names

__version__ = "0.1.0"

__all__ = [
    "JobError",
    "ModelConfig",
    "Pipeline",
    "RunConfig",
    "UserError",
    "build",
    "capture",
    "load",
    "tap_names",
]

_HOMES = {
    "JobError": "cutaway.errors",
    "ModelConfig": "cutaway.config",
    "Pipeline": "cutaway.pipeline",
    "RunConfig": "cutaway.config",
    "UserError": "cutaway.errors",
    "build": "cutaway.model.build",
    "capture": "cutaway.tap",
    "load": "cutaway.pipeline",
    "tap_names": "cutaway.tap",
}

# Hidden from type checkers, which would otherwise believe that any name exists.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'cutaway' has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
