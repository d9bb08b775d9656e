"""`cutaway train`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import BatchSize, Context, Epochs, LearningRate, Steps, Words, open_model
from cutaway.cli.choices import choose, from_options, only_name, sort_words
from cutaway.cli.completion import complete_runs, complete_tasks
from cutaway.cli.find_rate import find_rate
from cutaway.cli.show import AsJSON, print_json
from cutaway.devices import DEVICE_NAMES
from cutaway.display import program
from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.config.run import RunConfig
    from cutaway.pipeline import Pipeline
    from cutaway.runs.run import Run


EXAMPLES = {
    "generate": "--temperature 0.8",
    "fill": "'the [MASK] of a function'",
    "classify": "'what do you think of this?'",
    "tag": "'who lives where'",
    "translate": "'a man is riding a bike .'",
    "answer": "'a question?' 'a context that holds its answer'",
    "add": "12 30",
    "predict": "'an input'",
}
"""Examples of inputs, by the first verb of a task; others take numbers."""
PROTEINS = {"classify": "MKTAYIAKQR", "fill": "'MKTA[MASK]IAKQR'"}
"""The same for models of proteins."""


Task = Annotated[
    str | None,
    typer.Option(
        help="The task, such as sequence-to-sequence; default: that of the preset, or of the data.",
        autocompletion=complete_tasks,
    ),
]
Data = Annotated[str | None, typer.Option(help="A text or examples: a file, a folder, - or python-docs.")]
Validation = Annotated[str | None, typer.Option(help="Examples to validate on; default: some are held out.")]
Out = Annotated[Path | None, typer.Option(help="The run folder to make; default runs/PRESET.")]
Origin = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="A model to fine-tune, instead of a preset.",
        autocompletion=complete_runs,
    ),
]
Resume = Annotated[Path | None, typer.Option(help="A run folder to resume.", autocompletion=complete_runs)]


def train(
    words: Words = None,
    task: Task = None,
    data: Data = None,
    validation: Validation = None,
    out: Out = None,
    origin: Origin = None,
    resume: Resume = None,
    steps: Steps = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    context: Context = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, batches and dropout (train.seed).")] = None,
    device: Annotated[str | None, typer.Option(help=f"{DEVICE_NAMES} (train.device).")] = None,
    find_lr: Annotated[bool, typer.Option("--find-lr", help="Only find a learning rate; start no run.")] = False,
    json: AsJSON = False,
) -> None:
    """Train a model on a text or on examples, fine-tune one, or resume a run.

    Ctrl-C saves and prints how to resume. For example:

    cutaway train gpt-nano --data book.txt --out runs/book --steps 200

    cutaway train --from runs/words --task sequence-classification --data reviews.tsv
    """
    names, assignments = sort_words(words or [])
    given = {
        "data.path": data,
        "data.validation_path": validation,
        "train.steps": steps,
        "train.epochs": epochs,
        "train.batch_size": batch_size,
        "train.optimizer.learning_rate": learning_rate,
        "model.context": context,
        "train.seed": seed,
        "train.device": device,
    }
    assignments = from_options(given) + assignments
    if resume is not None:
        if find_lr:
            raise UserError(f"--find-lr is for new runs: try --from {resume} --find-lr")
        if names or out or task or origin:
            raise UserError("a resumed run keeps its preset, task and folder: give only --resume and train.* choices")
        train_and_report(resumed(resume, assignments), json)
        return
    config, model = chosen(names, task, origin, assignments)
    if names or model is not None:
        say_replaced(choose(names[0], []) if model is None else model.config, config)
    if find_lr:
        find_rate(config, model, json)
        return
    train_and_report(started(config, out, origin or next(iter(names), config.preset or "run"), model), json)


def resumed(folder: Path, assignments: list[str]) -> "Run":
    """A run to go on with; what its new choices replace is printed."""
    from cutaway.config.reading import load_run
    from cutaway.model.run_folder import RunFolder
    from cutaway.runs.run import resume

    place = RunFolder(folder)
    place.require()
    before = load_run(place.run)
    run = resume(folder, assignments)
    say_replaced(before, run.config)
    return run


def say_replaced(before: "RunConfig", after: "RunConfig") -> None:
    """Prints which choices were dropped because others were given that exclude them."""
    from cutaway.config.reading import replaced_choices
    from cutaway.progress import say

    for note in replaced_choices(before, after):
        say(f"note: {note}")


def started(config: "RunConfig", out: Path | None, name: str, model: "Pipeline | None") -> "Run":
    """A new run in its folder, which has the name of its preset or model if none is chosen."""
    from cutaway.progress import PreparationBar
    from cutaway.runs.run import free_folder, start

    with PreparationBar() as bar:
        return start(config, out or free_folder(Path(name).resolve().stem), bar, model)


def chosen(
    names: list[str], task: str | None, origin: str | None, assignments: list[str]
) -> "tuple[RunConfig, Pipeline | None]":
    """All choices, and the model to fine-tune, if there is one.

    Raises:
        UserError: a preset and a model are given, or neither, or a choice is invalid.
    """
    if origin is None:
        return chosen_by_data(names, task, assignments), None
    from cutaway.runs.origin import going_on

    if names:
        raise UserError(
            f"a run starts from a model (--from) or from a preset, not both: remove {names[0]}, and give what should "
            f"differ, such as --steps 200"
        )
    model = open_model(Path(origin), "cpu")
    return going_on(origin, model, task, assignments), model


def chosen_by_data(names: list[str], task: str | None, assignments: list[str]) -> "RunConfig":
    """All choices of a run from a preset; what is not named follows from the data, and is printed.

    Raises:
        UserError: it is unclear what the data is for, or a choice is invalid.
    """
    from cutaway.runs.requirements import chosen_by_task

    has_data = any(one.startswith("data.path=") for one in assignments)
    name = None
    if names or not (has_data or task):
        name = only_name(names)
        by_task = [] if task is None else chosen_by_task(task, choose(name, []))
        config = choose(name, by_task + assignments)  # a mistake is told before torch is imported
        if not has_data:
            return config
    from cutaway.progress import say
    from cutaway.runs.fitting import config_for

    config, note = config_for(name, task, assignments)
    if note is not None:
        say(note)
    return config


def train_and_report(run: "Run", json: bool) -> None:
    """Trains a run with progress, and prints the result and a command to use it with."""
    from cutaway.progress import say, train_with_progress

    trained = train_with_progress(run)
    if json:
        best = {trained.criterion: trained.best, "step": trained.best_step}
        report = None if trained.report is None else str(trained.report)
        print_json({"run": str(trained.path), "steps": trained.steps, "validation": best, "report": report})
        return
    verb = next(iter(run.config.task.verbs), "predict")
    examples = PROTEINS if run.config.tokenizer.kind == "protein" else EXAMPLES
    example = run.config.task.spec.example or examples.get(verb, "3 1 2")
    say(f"use it: {program()} {verb} {shlex.quote(str(trained.path))} {example}")
