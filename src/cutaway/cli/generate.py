"""`cutaway generate`."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.show import AsJSON, print_json


def generate(
    model: Annotated[Path, typer.Argument(help="A run folder.")],
    prompt: Annotated[list[str] | None, typer.Argument(help="One text to go on from, or several.")] = None,
    max_new_tokens: Annotated[int, typer.Option(help="Longest continuation.")] = 200,
    temperature: Annotated[float, typer.Option(help="0 takes the most likely token each time.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Only so many of the most likely tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Only the fewest tokens that are together this likely.")] = None,
    min_p: Annotated[float | None, typer.Option(help="Only tokens this share as likely as the likeliest.")] = None,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1: avoid tokens that were there.")] = 1.0,
    stop: Annotated[list[str] | None, typer.Option(help="End before this text; may be given several times.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed writes the same text.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: AsJSON = False,
) -> None:
    """Let a model write on."""
    from cutaway.generate.sampling import Sampling
    from cutaway.pipeline import SamplingOptions, load

    options = SamplingOptions(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        seed=seed,
    )
    Sampling(**options)  # complains before the model is loaded
    pipeline = load(model, device)
    prompts = prompt or [""]
    if len(prompts) == 1 and not json:
        pieces = pipeline.stream(prompts[0], max_new_tokens, stop=stop or (), **options)
        print(prompts[0], end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print()
        return
    texts = pipeline.generate(prompts, max_new_tokens, stop=stop or (), **options)
    if json:
        print_json([{"prompt": one, "text": text} for one, text in zip(prompts, texts, strict=True)])
    else:
        print("\n---\n".join(one + text for one, text in zip(prompts, texts, strict=True)))
