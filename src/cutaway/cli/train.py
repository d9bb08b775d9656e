"""`cutaway train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.show import AsJSON, print_json

if TYPE_CHECKING:
    from cutaway.config.run import RunConfig
    from cutaway.runs import Run


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="PRESET|RUN.yaml [key=value]...", help="What to train, and choices to change."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A text: a file, a folder, JSONL, Parquet, - or python-docs.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to make; runs/PRESET if not given.")] = None,
    resume: Annotated[Path | None, typer.Option(help="A run folder to go on with.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, batches and dropout.")] = None,
    json: AsJSON = False,
) -> None:
    """Train a model on a text, or go on with a run.

    Ctrl-C saves and says how to go on. For example:

    cutaway train gpt-nano --data book.txt --out runs/book train.steps=200
    """
    from cutaway.cli.progress import PreparationBar
    from cutaway.errors import UserError
    from cutaway.runs import resume as take_up
    from cutaway.runs import start

    names, assignments = sort_words(words or [])
    options = {"data.path": data, "train.device": device, "train.seed": seed}
    assignments = [f"{key}={value}" for key, value in options.items() if value is not None] + assignments
    if resume is not None:
        if names or out:
            raise UserError("a resumed run keeps its preset and its folder: give only --resume DIR and train.* choices")
        report_outcome(take_up(resume, assignments), json)
        return
    if len(names) != 1:
        raise UserError("name one preset or run file, such as: cutaway train gpt-nano --data book.txt")
    config = choose(names[0], assignments)
    with PreparationBar() as bar:
        run = start(config, out or free_folder(Path(names[0]).stem), bar)
    report_outcome(run, json)


def sort_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Parts names from ``key=value`` assignments, which may come in any order."""
    return [word for word in words if "=" not in word], [word for word in words if "=" in word]


def choose(name: str, assignments: list[str]) -> "RunConfig":
    """Reads a preset or a run file and changes single choices."""
    from cutaway.config.reading import load_preset, load_run, override

    is_file = name.endswith((".yaml", ".yml"))
    return override(load_run(Path(name)) if is_file else load_preset(name), assignments)


def free_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2 and so on that is not there yet."""
    number = 1
    while (folder := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def report_outcome(run: "Run", json: bool) -> None:
    """Trains a run under the eyes of a person, writes its report, and says what came of it."""
    from cutaway.cli.progress import TrainingBar, console
    from cutaway.cli.report import write_run_report
    from cutaway.train.callbacks import Callback, Metrics, Samples, TensorBoard

    c = run.config.train
    parameters = sum(weight.numel() for weight in run.model.parameters())
    console.print(
        f"{run.config.preset or 'model'}: {parameters:,} parameters, {len(run.corpus.training):,} tokens of text; "
        f"everything goes to {run.folder.path}",
        highlight=False,
    )
    bar = TrainingBar(c.steps)
    callbacks: list[Callback] = [Metrics(run.folder.metrics), bar]
    if c.sample_every is not None:
        write = lambda: write_sample(run)  # noqa: E731
        callbacks.append(Samples(run.folder.samples, c.sample_every, write, bar.sample))
    if c.tensorboard:
        callbacks.append(TensorBoard(run.folder.path / "tensorboard"))
    try:
        progress = run.train(callbacks)
    finally:
        bar.close()
    report = write_run_report(run.folder)
    if json:
        best = {"loss": progress.best, "step": progress.best_step}
        print_json({"run": str(run.folder.path), "steps": progress.step, "validation": best, "report": str(report)})
        return
    console.print(f"done after {progress.step:,} steps; look inside: {report}", highlight=False)
    console.print(f"let it write: cutaway generate {run.folder.path} --temperature 0.8", highlight=False)


def write_sample(run: "Run") -> str:
    """Lets the model write as it is now, the same way each time, and leaves it training."""
    c = run.config.train
    was_training = run.model.training
    text = run.pipeline.generate(c.sample_prompt, c.sample_tokens, temperature=0.8, seed=c.seed)
    run.model.train(was_training)
    return c.sample_prompt + text
