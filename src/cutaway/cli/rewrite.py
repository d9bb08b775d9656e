"""`cutaway translate`, `summarize` and `caption`, for models trained for different things."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.input_files import NOUNS
from cutaway.cli.show import AsJSON, in_one_line, print_json
from cutaway.errors import UserError, counted

Images = Annotated[list[str] | None, typer.Argument(help="The path of an image, or several.")]
Paths = Annotated[Path | None, typer.Option(help="A file with one path per line, - for standard input.")]
NumBeams = Annotated[int, typer.Option("--num-beams", "--beams", help="Number of beams; 1 is greedy.")]
LengthPenalty = Annotated[float, typer.Option(help="Above 0, longer texts are preferred.")]
NBest = Annotated[int, typer.Option(help="Number of texts per input.")]
Sample = Annotated[bool, typer.Option(help="Sample tokens at random instead of searching.")]
Temperature = Annotated[float, typer.Option(help="With --sample: 0 always takes the most likely token.")]
Seed = Annotated[int, typer.Option(help="With --sample: the same seed gives the same text.")]
Truncate = Annotated[bool, typer.Option(help="Truncate texts that are too long, instead of rejecting them.")]
SourceLanguage = Annotated[
    str | None, typer.Option(help="Code of the source's language, for a model of many: en_XX, eng_Latn.")
]
TargetLanguage = Annotated[str | None, typer.Option(help="Code of the target's language.")]


@dataclass(frozen=True)
class Way:
    """How texts are generated."""

    num_beams: int
    length_penalty: float
    n_best: int
    sample: bool
    temperature: float
    seed: int
    truncate: bool = False
    source_language: str | None = None
    target_language: str | None = None


def translate(
    context: typer.Context,
    model: Model,
    text: Texts = None,
    file: File = None,
    num_beams: NumBeams = 5,
    length_penalty: LengthPenalty = 1.0,
    n_best: NBest = 1,
    sample: Sample = False,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    truncate: Truncate = False,
    source_language: SourceLanguage = None,
    target_language: TargetLanguage = None,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    r"""Translate a text; of several, one translation per line, with line breaks written as \n.

    For example:

    cutaway translate runs/pairs "a red dog" --num-beams 5

    cutaway translate runs/pairs --file sentences.txt
    """
    languages = source_language, target_language
    way = Way(num_beams, length_penalty, n_best, sample, temperature, seed, truncate, *languages)
    rewrite(
        str(context.info_name), model, given(text, file, model), way, device=device, json=json, is_list=file is not None
    )


def caption(
    model: Model,
    image: Images = None,
    file: Paths = None,
    num_beams: NumBeams = 5,
    length_penalty: LengthPenalty = 1.0,
    n_best: NBest = 1,
    sample: Sample = False,
    temperature: Temperature = 1.0,
    seed: Seed = 0,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    r"""Write a caption for an image; for several, one per line, with line breaks written as \n.

    For example:

    cutaway caption runs/captions photo.png
    """
    way = Way(num_beams, length_penalty, n_best, sample, temperature, seed)
    rewrite("caption", model, given(image, file, model), way, device=device, json=json, is_list=file is not None)


def rewrite(
    verb: str, model: Path, sources: list[str], way: Way, *, device: str, json: bool, is_list: bool = False
) -> None:
    """Prints the text for each source, or the best few: one per line if there are several or the sources are a list."""
    from cutaway.generation.beams import BeamOptions
    from cutaway.generation.sampling import Sampling
    from cutaway.progress import say

    sampling = Sampling(temperature=way.temperature, seed=way.seed)
    if not way.sample and sampling != Sampling():
        raise UserError("--temperature and --seed are for sampling: write --sample too")
    if way.sample and way.n_best > 1:
        raise UserError("--n-best is for beam search: for several samples, use --sample with another --seed")
    options = BeamOptions(num_beams=way.num_beams, length_penalty=way.length_penalty, n_best=way.n_best)
    pipeline = open_model(model, device)
    pipeline.require(verb)
    if way.source_language or way.target_language:
        pipeline = pipeline.for_languages(way.source_language, way.target_language)
    seq2seq_generator = pipeline.seq2seq_generator(verb, truncate=way.truncate)
    limit = pipeline.config.model.context
    if way.sample:
        found = [[{"text": drawn}] for drawn in seq2seq_generator.sample(sources, limit, sampling)]
    else:
        found = seq2seq_generator.search(sources, replace(options, max_new_tokens=limit))
    for reason, count in seq2seq_generator.counted.items():
        say(f"{count} of {counted(len(sources), 'text')} {reason}")
    if json:
        noun = NOUNS.get(pipeline.config.task.kind, "text")
        print_json([{noun: one, "written": written} for one, written in zip(sources, found, strict=True)])
        return
    texts = [one["text"] if way.n_best == 1 else f"{one['score']:.4f}\t{one['text']}" for of in found for one in of]
    for text in texts:
        print(in_one_line(text) if is_list or len(texts) > 1 else text)
