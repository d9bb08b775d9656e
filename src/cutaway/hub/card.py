"""What a reader of an exported folder is told: its README."""

from cutaway.config.run import RunConfig


def write_card(config: RunConfig, architecture: str, numbers: int, difference: float, against: str) -> str:
    """A model card: what the model is, what it was trained on, how it is opened, and how its export was checked.

    Args:
        config: all choices of the run.
        architecture: the name of the class that opens it.
        numbers: how many the model has.
        difference: the largest between its logits and those of what was written, relative to the largest logit.
        against: what opened what was written.
    """
    model, task = config.model, config.task.kind
    data = f"`{config.data.path}`" if config.data.path else "data that its files do not name"
    name = config.task.spec.pipeline_tag
    tag = "" if name is None else f"pipeline_tag: {name}\n"
    return f"""---
library_name: transformers
{tag}---

# {config.preset or architecture}

A transformer for {task.replace("_", " ")}, made with cutaway: {model.architecture.replace("_", "-")},
{model.layers} layers, width {model.width}, {numbers:,} parameters. Trained on {data}, for {config.train.steps:,} steps.

```python
from transformers import {architecture}

model = {architecture}.from_pretrained("FOLDER")
```

When it was written, {against} opened it again; the largest difference between its logits and those of the original was
{difference:.1e} of the largest logit.

Its licence, what it is for and where it fails are for its author to add.
"""
