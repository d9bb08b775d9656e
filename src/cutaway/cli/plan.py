"""`cutaway plan`."""

import os
from typing import Annotated

import typer

from cutaway.cli.show import AsJSON, print_facts, print_json, size


def plan(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="PRESET|RUN.yaml [key=value]...", help="What would be trained.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="The text, for the vocabulary of a character tokenizer.")] = None,
    measure: Annotated[bool, typer.Option(help="Make a few training steps to tell the time.")] = True,
    json: AsJSON = False,
) -> None:
    """Say what a run would take: parameters, bytes and, from a few measured steps, minutes."""
    import torch

    from cutaway.cli.choices import choose, from_options, only_name, sort_words
    from cutaway.model.build import build
    from cutaway.model.cost import cost
    from cutaway.model.device import choose_device, keep_freed_memory
    from cutaway.runs.expected import with_expected_sizes
    from cutaway.runs.stand_ins import stand_in
    from cutaway.train.rehearsal import optimizer_tensors, rehearse

    names, assignments = sort_words(words or [])
    config = choose(only_name(names), from_options({"data.path": data}) + assignments)
    config = with_expected_sizes(config)
    with torch.device("meta"):
        model = build(config.model)
    figures = cost(model, optimizer_tensors(config.train, model))
    tokens = config.train.batch_tokens or config.train.batch_size * config.model.context
    facts: dict[str, float] = {
        "parameters": figures.parameters,
        "weights_bytes": figures.weights,
        "gradients_bytes": figures.gradients,
        "optimizer_bytes": figures.optimizer,
        "cache_bytes_per_token": figures.cache_per_token,
        "tokens_per_step": tokens,
        "steps": config.train.steps,
    }
    needed = figures.weights + figures.gradients + figures.optimizer
    if measure and needed < memory():
        keep_freed_memory()  # as `train` does
        real = build(config.model).to(choose_device(config.train.device))
        part = stand_in(config, max(1, tokens // config.model.context // config.train.accumulation))
        found = rehearse(real, config.train, part)
        facts["activations_bytes"] = found.activations
        facts["tokens_per_second"] = round(tokens / found.seconds_per_step)
        facts["minutes"] = found.seconds_per_step * config.train.steps / 60
    if json:
        print_json(facts)
        return
    print_facts({key: size(value) if "bytes" in key else value for key, value in facts.items()})
    if measure and "minutes" not in facts:
        print(f"not measured: {size(needed)} do not fit into this machine's {size(memory())}")


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
