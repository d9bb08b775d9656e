"""Writing on with other people's tokenizers: what begins a text, what ends it, and the space between."""

from pathlib import Path

import torch

from cutaway.generation.decoding import UncachedStepDecoder, decode
from cutaway.generation.sampling import Sampling
from cutaway.model.transformer import DecoderOnly
from cutaway.pipeline import Pipeline
from cutaway.text.hf.folders import load_tokenizer
from pipeline.pipelines import CONTEXT, made
from text.folders import FOLDERS, write_json
from variants import variant

PROMPT, NEW = "thou art", 7


def llama(folder: Path) -> Pipeline:
    FOLDERS["llama"](folder)
    write_json(folder / "generation_config.json", {"eos_token_id": [2, 300]})
    tokenizer = load_tokenizer(folder)
    model = variant(vocabulary=tokenizer.vocabulary, head={"tied": False, "bias": True}, position="rotary")
    pieces = tokenizer.pieces(range(tokenizer.vocabulary))
    with torch.no_grad():
        model.head.projection.bias[
            [i for i, piece in enumerate(pieces) if i in {2, 300} or not piece.startswith(" ")]
        ] -= 1000
    return made(model.eval(), tokenizer, "language_modeling")


def written(pipeline: Pipeline) -> list[int]:
    """The tokens behind what their library makes of the prompt."""
    assert isinstance(pipeline.model, DecoderOnly)
    assert pipeline.tokenizer.frame is not None
    prompt = pipeline.tokenizer.frame.around(pipeline.tokenizer.encode(PROMPT))
    assert prompt[0] == 1
    steps = decode(UncachedStepDecoder(pipeline.model, CONTEXT), [prompt], Sampling(temperature=0.0), NEW)
    return [step[0] for step in steps]


def test_a_prompt_begins_as_a_text_does_and_the_space_behind_it_is_kept(tmp_path: Path) -> None:
    pipeline = llama(tmp_path)
    tokens, tokenizer = written(pipeline), pipeline.tokenizer
    whole = tokenizer.decode([*tokenizer.encode(PROMPT), *tokens])
    assert PROMPT + pipeline.generate(PROMPT, NEW, temperature=0.0) == whole
    assert PROMPT + "".join(pipeline.stream(PROMPT, NEW, temperature=0.0)) == whole
    assert tokenizer.pieces(tokens)[0].startswith(" ")


def test_any_token_that_ends_a_text_ends_it(tmp_path: Path) -> None:
    pipeline = llama(tmp_path)
    with torch.no_grad():
        pipeline.model.head.projection.bias[300] += 3000
    assert pipeline.tokenizer.ends == {2, 300}
    assert pipeline.generate(PROMPT, NEW) == "".join(pipeline.stream(PROMPT, NEW)) == ""


def test_the_first_token_of_a_text_is_scored_behind_what_begins_it(tmp_path: Path) -> None:
    pipeline = llama(tmp_path)
    tokenizer = pipeline.tokenizer
    scores = pipeline.score(PROMPT)
    assert [piece for piece, _ in scores] == tokenizer.pieces(tokenizer.encode(PROMPT))
    logits = pipeline.model(torch.tensor([[1]]))[0, 0].log_softmax(dim=-1)
    assert abs(scores[0][1] - logits[tokenizer.encode(PROMPT)[0]].item()) < 1e-4
