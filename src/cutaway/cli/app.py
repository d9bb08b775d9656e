"""All commands by name."""

from typing import Annotated

import typer

from cutaway.cli.compare import compare
from cutaway.cli.demo import demo
from cutaway.cli.evaluate import evaluate
from cutaway.cli.generate import generate
from cutaway.cli.plan import plan
from cutaway.cli.presets import presets
from cutaway.cli.score import score
from cutaway.cli.train import train

app = typer.Typer(
    help="Build, train, run and open transformers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": lambda name: name.replace("_", "-")},
)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        from cutaway import __version__

        print(__version__)


for command in (train, generate, score, evaluate, plan, compare, presets, demo):
    app.command()(command)
