"""`cutaway plan`."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import BatchSize, Context, Steps, Words
from cutaway.cli.show import AsJSON, print_facts, print_json, print_table
from cutaway.display import size
from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.config.run import RunConfig
    from cutaway.model.cost import Cost


def plan(
    words: Words = None,
    data: Annotated[str | None, typer.Option(help="A text, for the vocabulary of a character tokenizer.")] = None,
    steps: Steps = None,
    batch_size: BatchSize = None,
    context: Context = None,
    measure: Annotated[bool, typer.Option(help="Measure a few training steps, to estimate the time.")] = True,
    json: AsJSON = False,
) -> None:
    """Estimate a run: parameters, memory and, from a few measured steps, time.

    For example:

    cutaway plan gpt-micro model.layers=8 --batch-size 4

    cutaway plan deepseek-v3 --no-measure
    """
    import torch

    from cutaway.cli.choices import choose, from_options, only_name, sort_words
    from cutaway.config.reading import changed_keys
    from cutaway.model.build import build
    from cutaway.model.cost import cost
    from cutaway.model.device import machine_memory
    from cutaway.runs.caches import cache_by_attention, name_of
    from cutaway.runs.plan import optimizer_tensors, with_expected_sizes
    from cutaway.training.freezing import freeze

    names, assignments = sort_words(words or [])
    given = {"data.path": data, "train.steps": steps, "train.batch_size": batch_size, "model.context": context}
    config = choose(only_name(names), from_options(given) + assignments)
    if "train.epochs" in changed_keys(config, assignments):
        raise UserError("a plan reads no data, so it cannot count the steps of train.epochs: give train.steps")
    config = with_expected_sizes(config)
    with torch.device("meta"):
        model = build(config.model)
    freeze(model, config.train.frozen)
    figures = cost(model, optimizer_tensors(config.train, model))
    tokens = config.train.batch_tokens or config.train.batch_size * config.model.context
    facts = counted(figures) | {"tokens_per_step": tokens, "steps": config.train.steps}
    needed = figures.weights + figures.gradients + figures.optimizer
    memory = machine_memory()
    if measure and memory is None:
        print("note: how much memory this machine has is unknown; the run may not fit into it", file=sys.stderr)
    if measure and (memory is None or needed < memory):
        facts |= measured(config, tokens)
    own, caches = name_of(config.model.attention), cache_by_attention(config.model) if figures.cache_per_token else {}
    if json:
        print_json(facts | {"attention": own, "cache_bytes_per_token_by_attention": caches})
        return
    print_facts({key: size(value) if "bytes" in key else value for key, value in facts.items()})
    if measure and memory is not None and "minutes" not in facts:
        print(f"too large to measure here: {size(needed)} do not fit into this machine's {size(memory)}")
    if caches:
        print()
        print_caches(own, caches)


def counted(figures: "Cost") -> dict[str, float]:
    """The figures of a model without a step."""
    return {
        "parameters": figures.parameters,
        "weights_bytes": figures.weights,
        "gradients_bytes": figures.gradients,
        "optimizer_bytes": figures.optimizer,
        "cache_bytes_per_token": figures.cache_per_token,
    }


def measured(config: "RunConfig", tokens: int) -> dict[str, float]:
    """The figures of a few steps on placeholder data, for steps of this many tokens."""
    from cutaway.model.build import build
    from cutaway.model.device import choose_device, keep_freed_memory
    from cutaway.runs.plan import measure_steps
    from cutaway.tasks.task import task_of

    keep_freed_memory()  # as `train` does
    model = build(config.model).to(choose_device(config.train.device))
    part = task_of(config).placeholder_data(
        max(1, tokens // config.model.context // config.train.gradient_accumulation)
    )
    found = measure_steps(model, config.train, part)
    return {
        "activations_bytes": found.activations,
        "tokens_per_second": round(tokens / found.seconds_per_step),
        "minutes": found.seconds_per_step * config.train.steps / 60,
    }


def print_caches(own: str, caches: Mapping[str, int]) -> None:
    """Prints the size of the cache per token, by the kind of attention, with a mark at the model's own."""
    rows = [[kind, taken, "this model" if kind == own else ""] for kind, taken in caches.items()]
    print_table(["attention with the same heads", "cache bytes per token", ""], rows)
