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

from typing import TYPE_CHECKING

from cutaway.exports import exports

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cutaway.api import (
        build as build,
        check as check,
        evaluate as evaluate,
        finetune as finetune,
        load_preset as load_preset,
        resume as resume,
        train as train,
    )
    from cutaway.config import ModelConfig as ModelConfig, RunConfig as RunConfig
    from cutaway.errors import JobError as JobError, UserError as UserError
    from cutaway.pipeline import Pipeline as Pipeline, load as load
    from cutaway.runs.checking import CheckReport as CheckReport
    from cutaway.runs.session import TrainedRun as TrainedRun
    from cutaway.tap import capture as capture, tap_names as tap_names

_HOMES = {
    "CheckReport": "cutaway.runs.checking",
    "JobError": "cutaway.errors",
    "ModelConfig": "cutaway.config",
    "Pipeline": "cutaway.pipeline",
    "RunConfig": "cutaway.config",
    "TrainedRun": "cutaway.runs.session",
    "UserError": "cutaway.errors",
    "build": "cutaway.api",
    "capture": "cutaway.tap",
    "check": "cutaway.api",
    "evaluate": "cutaway.api",
    "finetune": "cutaway.api",
    "load": "cutaway.pipeline",
    "load_preset": "cutaway.api",
    "resume": "cutaway.api",
    "tap_names": "cutaway.tap",
    "train": "cutaway.api",
}

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = exports(__name__, _HOMES)
