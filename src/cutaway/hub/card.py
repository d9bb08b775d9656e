"""The README of an exported folder."""

from cutaway.config.run import RunConfig
from cutaway.errors import counted


def write_card(config: RunConfig, architecture: str, numbers: int, difference: float, against: str) -> str:
    """A model card: what the model is, what it was trained on, how to load it, and how its export was checked.

    Args:
        config: all choices of the run.
        architecture: the name of the class that loads it.
        numbers: the number of parameters.
        difference: of the logits after loading it again, relative to the largest logit.
        against: the program that loaded it.
    """
    model, task = config.model, config.task.kind
    trained = counted(config.train.steps, "step")
    data = f"`{config.data.path}`" if config.data.path else "data that its files do not name"
    name = config.task.spec.pipeline_tag
    tag = "" if name is None else f"pipeline_tag: {name}\n"
    return f"""---
library_name: transformers
{tag}---

# {config.preset or architecture}

A transformer for {task.replace("_", " ")}, made with cutaway: {model.architecture.replace("_", "-")},
{counted(model.layers, "layer")}, width {model.width}, {numbers:,} parameters. Trained on {data}, for {trained}.

```python
from transformers import {architecture}

model = {architecture}.from_pretrained("FOLDER")
```

After export, {against} loaded it again; the largest difference of its logits from those of the original was
{difference:.1e} of the largest logit.

Its licence, intended use and limitations are to be added by its author.
"""
