"""`cutaway config`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.completion import complete_keys
from cutaway.cli.show import AsJSON, print_json

if TYPE_CHECKING:
    from cutaway.config.reference import Key


def config(
    key: Annotated[
        str | None,
        typer.Argument(
            help="A key, a group such as model.attention, or a last part such as steps.", autocompletion=complete_keys
        ),
    ] = None,
    json: AsJSON = False,
) -> None:
    """List the keys of a run: type, default and meaning of each.

    Names of nanoGPT, LitGPT and transformers are understood too. For example:

    cutaway config train.optimizer

    cutaway config n_layer
    """
    from cutaway.config.reference import all_keys, find_keys

    found = all_keys() if key is None else find_keys(key)
    if json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        print(as_lines(one))


def as_lines(key: "Key") -> str:
    """The key with its default, as it is written; its type, and for which kinds it is; its meaning."""
    given = f"{key.key}=…" if key.default == "required" else f"{key.key}={key.default}"
    only = f"\n    only with {' or '.join(key.kinds)}" if key.kinds else ""
    return f"{given}  ({key.type})\n    {key.meaning}{only}"
