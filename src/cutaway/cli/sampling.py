"""How the tokens of a text are drawn, as options."""

from typing import Annotated

import typer

Temperature = Annotated[float, typer.Option(help="0 takes the most likely token each time.")]
TopK = Annotated[int | None, typer.Option(help="Only so many of the most likely tokens.")]
TopP = Annotated[float | None, typer.Option(help="Only the fewest tokens that are together this likely.")]
MinP = Annotated[float | None, typer.Option(help="Only tokens this share as likely as the likeliest.")]
RepetitionPenalty = Annotated[float, typer.Option(help="Above 1: avoid tokens that were there.")]
Seed = Annotated[int, typer.Option(help="The same seed writes the same text.")]
