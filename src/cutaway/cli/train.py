"""`cutaway train`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import open_model
from cutaway.cli.choices import choose, from_options, only_name, sort_words
from cutaway.cli.find_rate import find_rate
from cutaway.cli.show import AsJSON, print_json
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


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="PRESET|RUN.yaml [key=value]...", help="What to train, and choices to change."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="The task, such as sequence-to-sequence; default: that of the preset.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="A text or examples: a file, a folder, - or python-docs.")] = None,
    validation: Annotated[str | None, typer.Option(help="Examples to validate on; default: some are held out.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to make; default runs/PRESET.")] = None,
    origin: Annotated[
        str | None, typer.Option("--from", metavar="MODEL", help="A model to fine-tune, instead of a preset.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="A run folder to resume.")] = None,
    find_lr: Annotated[bool, typer.Option("--find-lr", help="Only find a learning rate; start no run.")] = False,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, batches and dropout.")] = None,
    json: AsJSON = False,
) -> None:
    """Train a model on a text or on examples, fine-tune one, or resume a run.

    Ctrl-C saves and prints how to resume. For example:

    cutaway train gpt-nano --data book.txt --out runs/book train.steps=200

    cutaway train --from runs/words --task sequence-classification --data reviews.tsv
    """
    from cutaway.cli.progress import PreparationBar
    from cutaway.runs.run import resume as take_up
    from cutaway.runs.run import start

    names, assignments = sort_words(words or [])
    given = {"data.path": data, "data.validation_path": validation, "train.device": device, "train.seed": seed}
    assignments = from_options(given) + assignments
    if resume is not None:
        if names or out or task or origin:
            raise UserError(
                "a resumed run keeps its preset, task and folder: give only --resume DIR and train.* choices"
            )
        if find_lr:
            raise UserError(f"--find-lr is for new runs: try --from {resume} --find-lr")
        report_outcome(take_up(resume, assignments), json)
        return
    config, model = chosen(names, task, origin, assignments)
    if find_lr:
        find_rate(config, model, json)
        return
    out = out or free_folder(Path(origin or names[0]).resolve().stem)
    refuse_foreign(out)
    with PreparationBar() as bar:
        run = start(config, out, bar, model)
    report_outcome(run, json)


def chosen(
    names: list[str], task: str | None, origin: str | None, assignments: list[str]
) -> "tuple[RunConfig, Pipeline | None]":
    """All choices, and the model to fine-tune, if there is one.

    Raises:
        UserError: a preset and a model are given, or neither, or a choice is invalid.
    """
    from cutaway.runs.requirements import chosen_by_task

    if origin is None:
        name = only_name(names)
        if task is not None:
            assignments = chosen_by_task(task, choose(name, [])) + assignments
        return choose(name, assignments), None
    from cutaway.runs.origin import going_on

    if names:
        raise UserError(
            f"a run starts from a model (--from) or from a preset, not both: remove {names[0]}, and give what should "
            f"differ, such as train.steps=200"
        )
    model = open_model(Path(origin), "cpu")
    return going_on(origin, model, task, assignments), model


def free_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2 and so on that does not exist."""
    number = 1
    while (folder := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def refuse_foreign(out: Path) -> None:
    """Keeps the files of a run apart from others.

    Raises:
        UserError: the folder has visible files, but neither a run nor an unfinished one.
    """
    from cutaway.data.example_store import manifest_path
    from cutaway.data.text.corpus import MANIFEST_FILE
    from cutaway.data.text.prepare import UNFINISHED_FILE
    from cutaway.model.run_folder import RunFolder

    own = (RunFolder(out).run, out / MANIFEST_FILE, out / UNFINISHED_FILE, manifest_path(out))
    if out.is_dir() and not any(path.exists() for path in own):
        foreign = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
        if foreign:
            raise UserError(f"{out} has other files, such as {foreign[0]}: choose a new folder, like {out / 'run'}")


def report_outcome(run: "Run", json: bool) -> None:
    """Trains a run with progress, writes its report, and prints the result."""
    from cutaway.cli.progress import TrainingBar, say
    from cutaway.model.device import keep_freed_memory
    from cutaway.training.callbacks import Callback, Metrics, Samples, TensorBoard

    c = run.config.train
    headline = f"{run.config.preset or 'model'}: {parameters(run)}, {run.dataset.amount}"
    if run.transferred is not None:
        say(f"from {run.config.origin}: {run.transferred.summary}")
    bar = TrainingBar(f"{headline}; everything goes to {run.folder.path}", c.steps)
    callbacks: list[Callback] = [Metrics(run.folder.metrics), bar]
    writes = "generate" in run.config.task.verbs
    if writes and c.sample_every is not None:
        write = lambda: write_sample(run)  # noqa: E731
        callbacks.append(Samples(run.folder.samples, c.sample_every, write, bar.sample))
    if c.tensorboard:
        callbacks.append(TensorBoard(run.folder.path / "tensorboard"))
    keep_freed_memory()
    try:
        progress = run.train(callbacks)
    finally:
        bar.close()
    report = try_report(run) if writes else None
    if json:
        best = {c.best: progress.best, "step": progress.best_step}
        path = None if report is None else str(report)
        print_json({"run": str(run.folder.path), "steps": progress.step, "validation": best, "report": path})
        return
    say(f"done after {progress.step:,} steps" + (f"; look inside: {report}" if report else ""))
    verb = next(iter(run.config.task.verbs), "predict")
    examples = PROTEINS if run.config.tokenizer.kind == "protein" else EXAMPLES
    example = run.config.task.spec.example or examples.get(verb, "3 1 2")
    say(f"use it: cutaway {verb} {shlex.quote(str(run.folder.path))} {example}")


def parameters(run: "Run") -> str:
    """The number of parameters, and of trained ones if not all are."""
    from cutaway.training.freezing import freeze

    freeze(run.model, run.config.train.frozen)
    weights = list(run.model.parameters())
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    total = sum(weight.numel() for weight in weights)
    return f"{total:,} parameters" + (f", {trained:,} of them trained" if trained < total else "")


def try_report(run: "Run") -> Path | None:
    """Writes the report; prints why if it cannot be written, since training has succeeded."""
    from cutaway.cli.progress import say
    from cutaway.runs.run_report import write_run_report

    try:
        return write_run_report(run.folder)
    except UserError as error:
        say(f"there is no report: {error}")
        return None


def write_sample(run: "Run") -> str:
    """Generates a sample, deterministically, and leaves the model in training mode."""
    c = run.config.train
    was_training = run.model.training
    text = run.pipeline.generate(c.sample_prompt, c.sample_tokens, temperature=0.8, seed=c.seed)
    run.model.train(was_training)
    return c.sample_prompt + text
