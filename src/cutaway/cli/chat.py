"""`cutaway chat`."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import (
    STANDARD_INPUT,
    Device,
    Dtype,
    MinP,
    Model,
    Quantize,
    RepetitionPenalty,
    Seed,
    Temperature,
    TopK,
    TopP,
    open_model,
    standard_input,
)
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS

if TYPE_CHECKING:
    from cutaway.text.templates import Message

HOW = "An empty line starts a new chat, Ctrl-C stops an answer, Ctrl-D ends."


def chat(
    model: Model,
    system: Annotated[str | None, typer.Option(help="The system message of each chat.")] = None,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = MAX_NEW_TOKENS,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    repetition_penalty: RepetitionPenalty = 1.0,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = None,
    quantize: Quantize = None,
    json: AsJSON = False,
) -> None:
    """Chat with a model trained for it, line by line; an empty line starts a new chat."""
    from cutaway.generation.sampling import Sampling

    # Fails before a model is loaded.
    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty, seed)
    chat_session = open_model(model, device, dtype, quantize).chat_session()
    beginning: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    messages = list(beginning)
    for line in _lines():
        if not line.strip():
            messages = list(beginning)
            continue
        asked: list[Message] = [*messages, {"role": "user", "content": line}]
        answer = _answer(partial(chat_session.stream, asked, max_new_tokens, sampling), is_shown=not json)
        if answer is None:
            continue
        messages = [*asked, {"role": "assistant", "content": answer}]
        if json:
            print_json({"message": line, "answer": answer})


def _answer(stream: Callable[[], Iterator[str]], *, is_shown: bool) -> str | None:
    """The answer, printed as it is generated; None if there is none.

    At a terminal, an answer that is stopped or exceeds the context does not end the command.
    """
    pieces: list[str] = []
    try:
        for piece in stream():
            pieces.append(piece)
            if is_shown:
                print(piece, end="", flush=True)
    except (KeyboardInterrupt, UserError) as stopped:
        if not sys.stdin.isatty():
            raise
        if pieces and is_shown:
            print()
        print(f"cutaway: {stopped}" if isinstance(stopped, UserError) else "stopped", file=sys.stderr)
        return "".join(pieces) or None
    if is_shown:
        print()
    return "".join(pieces)


def _lines() -> Iterator[str]:
    """The lines that are typed or piped."""
    if not sys.stdin.isatty():
        from cutaway.data.readers import decoded_lines

        yield from decoded_lines(standard_input(), STANDARD_INPUT)
        return
    print(HOW, file=sys.stderr)
    while True:
        try:
            yield input("> ")
        except UnicodeDecodeError:
            print("cutaway: that is not text in the terminal's encoding: type it again", file=sys.stderr)
        except (EOFError, KeyboardInterrupt):
            print()
            return
