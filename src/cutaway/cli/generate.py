"""`cutaway generate`."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from cutaway.cli.arguments import (
    Device,
    Dtype,
    MaxNewTokens,
    MinP,
    Model,
    Overflow,
    Quantize,
    RepetitionPenalty,
    Seed,
    Temperature,
    TopK,
    TopP,
    open_model,
)
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.generation.engine import ContextOverflow


def generate(
    model: Model,
    prompt: Annotated[list[str] | None, typer.Argument(help="One prompt, or several.")] = None,
    max_new_tokens: MaxNewTokens = None,
    num_samples: Annotated[
        int, typer.Option(help="Number of continuations of each prompt, with seed, seed + 1 and so on.")
    ] = 1,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    repetition_penalty: RepetitionPenalty = 1.0,
    stop: Annotated[list[str] | None, typer.Option(help="Stop before this text; may be given several times.")] = None,
    context_overflow: Overflow = "error",
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = None,
    quantize: Quantize = None,
    json: AsJSON = False,
) -> None:
    """Generate text from a prompt.

    For example:

    cutaway generate runs/nano "The " --max-new-tokens 40 --temperature 0.8
    """
    from cutaway.generation.sampling import Sampling, SamplingOptions
    from cutaway.generation.text_generator import Limits

    options = SamplingOptions(
        temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=repetition_penalty, seed=seed
    )
    overflow = cast("ContextOverflow", context_overflow)
    Sampling(**options)  # both fail before the model is loaded
    Limits(max_new_tokens, overflow)
    if num_samples < 1:
        raise UserError(f"--num-samples must be 1 or more, not {num_samples}")
    if num_samples > 1 and temperature == 0:
        raise UserError("--num-samples needs a --temperature above 0: without chance, all continuations are the same")
    pipeline = open_model(model, device, dtype, quantize)
    prompts = [one for one in prompt or [""] for _ in range(num_samples)]
    if len(prompts) == 1 and not json:
        pieces = pipeline.stream(prompts[0], max_new_tokens, stop=stop or (), context_overflow=overflow, **options)
        print(prompts[0], end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print()
        return
    texts = pipeline.generate(prompts, max_new_tokens, stop=stop or (), context_overflow=overflow, **options)
    if json:
        print_json([{"prompt": one, "text": text} for one, text in zip(prompts, texts, strict=True)])
    else:
        print("\n---\n".join(one + text for one, text in zip(prompts, texts, strict=True)))
