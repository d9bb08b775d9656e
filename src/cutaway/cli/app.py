"""All commands, by name."""

import shutil
from inspect import cleandoc
from typing import Annotated

import typer

from cutaway.cli.add import add
from cutaway.cli.answer import answer
from cutaway.cli.chat import chat
from cutaway.cli.check import check
from cutaway.cli.classify import classify
from cutaway.cli.compare import compare
from cutaway.cli.config import config
from cutaway.cli.demo import demo
from cutaway.cli.doctor import doctor
from cutaway.cli.embed import embed
from cutaway.cli.evaluate import evaluate
from cutaway.cli.export import export
from cutaway.cli.fill import fill
from cutaway.cli.generate import generate
from cutaway.cli.help import help_of
from cutaway.cli.plan import plan
from cutaway.cli.predict import predict
from cutaway.cli.presets import presets
from cutaway.cli.rewrite import caption, translate
from cutaway.cli.score import score
from cutaway.cli.sort import copy, reverse, sort
from cutaway.cli.tag import tag
from cutaway.cli.tokenize import tokenize
from cutaway.cli.train import train
from cutaway.cli.usage import UsageError, explain
from cutaway.cli.verify import verify
from cutaway.errors import UserError

INTERRUPTED = 130
NARROW = 80
"""Terminals with fewer columns get help without frames, where names of options would be cut."""

app = typer.Typer(
    help="Build, train, run and open transformers.",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
)


def run() -> int:
    """Runs the command named on the command line, and returns its exit status.

    Raises:
        UserError: the arguments fit no command, or the command raises it.
    """
    app.rich_markup_mode = "rich" if shutil.get_terminal_size().columns >= NARROW else None
    try:
        status: int = app(prog_name="cutaway", standalone_mode=False) or 0
    except UsageError as error:
        raise UserError(explain(error)) from error
    if status == INTERRUPTED:  # typer catches the exception
        raise KeyboardInterrupt
    return status


@app.callback(invoke_without_command=True)
def _without_command(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from cutaway import __version__

        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring, each in one line: the terminal wraps them."""
    return [" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n")]


COMMANDS = {
    **{command.__name__: command for command in (train, generate, chat, score, fill, classify, tag)},
    "translate": translate,
    "summarize": translate,
    "caption": caption,
    "answer": answer,
    "embed": embed,
    **{command.__name__: command for command in (predict, sort, reverse, copy, add)},
    **{command.__name__: command for command in (evaluate, check, verify, export, tokenize, plan, compare)},
    "presets": presets,
    "config": config,
    "demo": demo,
    "doctor": doctor,
    "help": help_of,
}
SUMMARIZE = r"""Write a summary of a text; of several, one per line, with line breaks written as \n.

For example:

cutaway summarize runs/news --file article.txt
"""
for name, command in COMMANDS.items():
    paragraphs = _paragraphs(SUMMARIZE if name == "summarize" else command.__doc__ or "")
    app.command(name, help="\n\n".join(paragraphs), short_help=paragraphs[0])(command)
