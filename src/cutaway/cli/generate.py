"""`cutaway generate`."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cutaway.cli.arguments import (
    Device,
    Draft,
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
    from cutaway.generation import speculative
    from cutaway.generation.engine import ContextOverflow
    from cutaway.pipeline import Pipeline


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
    draft: Draft = None,
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
    _require_samples(num_samples, temperature)
    pipeline = open_model(model, device, dtype, quantize)
    drafted = _draft(pipeline, draft, device, dtype, quantize)
    prompts = [one for one in prompt or [""] for _ in range(num_samples)]
    if len(prompts) == 1 and not json:
        pieces = pipeline.stream(
            prompts[0], max_new_tokens, stop=stop or (), context_overflow=overflow, draft=drafted, **options
        )
        _print_stream(prompts[0], pieces)
        _report(drafted)
        return
    texts = pipeline.generate(
        prompts, max_new_tokens, stop=stop or (), context_overflow=overflow, draft=drafted, **options
    )
    if json:
        print_json([{"prompt": one, "text": text} for one, text in zip(prompts, texts, strict=True)])
    else:
        print("\n---\n".join(one + text for one, text in zip(prompts, texts, strict=True)))
    _report(drafted)


def _require_samples(num_samples: int, temperature: float) -> None:
    if num_samples < 1:
        raise UserError(f"--num-samples must be 1 or more, not {num_samples}")
    if num_samples > 1 and temperature == 0:
        raise UserError("--num-samples needs a --temperature above 0: without chance, all continuations are the same")


def _draft(
    pipeline: "Pipeline", draft: str | None, device: str, dtype: str | None, quantize: str | None
) -> "speculative.Draft | None":
    from cutaway.generation.speculative import LOOKUP

    if draft is None:
        return None
    return pipeline.draft(LOOKUP if draft == LOOKUP else open_model(Path(draft), device, dtype, quantize))


def _print_stream(prompt: str, pieces: Iterable[str]) -> None:
    print(prompt, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def _report(draft: "speculative.Draft | None") -> None:
    """Prints what came of a draft to standard error."""
    if draft is not None:
        print(
            f"draft: {draft.acceptance:.0%} of {draft.proposed} proposed tokens accepted, "
            f"{draft.tokens_per_pass:.2f} tokens per pass of the model",
            file=sys.stderr,
        )
