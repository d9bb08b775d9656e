"""`cutaway translate`, and `cutaway summarize`, which is the same of a model that learnt something else."""

from dataclasses import replace
from typing import Annotated

import typer

from cutaway.cli.inputs import Device, File, Model, Texts, given
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError

Beams = Annotated[int, typer.Option(help="How many beginnings beam search follows; 1 is greedy.")]
LengthPenalty = Annotated[float, typer.Option(help="Above 0, longer texts are preferred.")]
NBest = Annotated[int, typer.Option(help="How many texts to write for each.")]
Sample = Annotated[bool, typer.Option(help="Draw tokens at random in place of a search.")]
Temperature = Annotated[float, typer.Option(help="Of --sample.")]
Seed = Annotated[int, typer.Option(help="Of --sample.")]
Truncate = Annotated[bool, typer.Option(help="Cut a text that is too long; else it is refused.")]


def translate(
    context: typer.Context,
    model: Model,
    text: Texts = None,
    file: File = None,
    beams: Beams = 5,
    length_penalty: LengthPenalty = 1.0,
    n_best: NBest = 1,
    sample: Sample = False,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    truncate: Truncate = False,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Write what a model makes of a text: its translation, its summary."""
    from cutaway.cli.progress import say
    from cutaway.generate.beams import BeamOptions
    from cutaway.generate.sampling import Sampling
    from cutaway.pipeline import load

    texts = given(text, file)
    sampling = Sampling(temperature=temperature, seed=seed)
    if not sample and sampling != Sampling():
        raise UserError("--temperature and --seed are of drawing, and a search draws nothing: write --sample too")
    if sample and n_best > 1:
        raise UserError("--n-best is of a search: draw several with --sample and another --seed")
    options = BeamOptions(beams=beams, length_penalty=length_penalty, n_best=n_best)
    pipeline = load(model, device)
    rewriter = pipeline.rewriter(str(context.info_name), truncate=truncate)
    limit = pipeline.config.model.context
    if sample:
        found = [[{"text": drawn}] for drawn in rewriter.draw(texts, limit, sampling)]
    else:
        found = rewriter.search(texts, replace(options, max_new_tokens=limit))
    for reason, count in rewriter.counted.items():
        say(f"{count} of {len(texts)} texts {reason}")
    if json:
        print_json([{"text": one, "written": written} for one, written in zip(texts, found, strict=True)])
        return
    for written in found:
        for one in written:
            print(one["text"] if n_best == 1 else f"{one['score']:.4f}\t{one['text']}")
