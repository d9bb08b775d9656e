"""Options of sampling."""

from typing import Annotated

import typer

Temperature = Annotated[float, typer.Option(help="0 always takes the most likely token.")]
TopK = Annotated[int | None, typer.Option(help="Sample from this many of the most likely tokens.")]
TopP = Annotated[float | None, typer.Option(help="Sample from the fewest tokens with this total probability.")]
MinP = Annotated[float | None, typer.Option(help="Least probability, as a fraction of the highest.")]
RepetitionPenalty = Annotated[float, typer.Option(help="Above 1: avoid tokens that the text contains.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same text.")]
