"""`cutaway train --from MODEL` begins with the weights of a model, and says which it took."""

import json
from pathlib import Path

import pytest

from cli.command import contents, printed, refused, run
from cutaway.config.reading import load_run
from cutaway.pipeline import load

FURTHER = ("train", "--from", "run", "--data", "text.txt", "train.steps=2", "train.batch_size=2", "train.device=cpu")

WORDS = {
    "gpt-nano": "a run starts from a model (--from) or from a preset, not both: remove gpt-nano",
    "--resume run": "a resumed run keeps its preset, task and folder",
    "--task sequence-clasification": "did you mean 'sequence_classification'?",
    "--task question-answering": "run cannot be trained for question_answering: its body fits language_modeling, ",
    "model.width=32": "model.width cannot be 32 in a run that fine-tunes run, where it is 16: remove it",
    "tokenizer=byte": "a fine-tuned model keeps its tokenizer: remove tokenizer",
    "--out run": "run holds a run already",
    "train.stps=3": "there is no 'train.stps'; did you mean 'train.steps'?",
}


@pytest.mark.usefixtures("here")
def test_it_goes_on_and_says_what_it_took() -> None:
    outcome = run(*FURTHER)
    assert outcome.status == 0
    weights = list(load("run", "cpu").model.parameters())
    numbers = sum(weight.numel() for weight in weights)
    assert outcome.err.splitlines()[0] == f"from run: {len(weights)} weights ({numbers:,} numbers) taken"
    assert load_run(Path("runs/run/run.yaml")).origin == "run"
    assert printed("generate", "runs/run", "the", "--max-new-tokens", "3").startswith("the")


@pytest.mark.usefixtures("here")
def test_a_resumed_run_does_not_say_it_again() -> None:
    printed(*FURTHER, "--out", "new")
    outcome = run("train", "--resume", "new", "train.steps=3")
    assert outcome.status == 0
    assert "from run" not in outcome.err


@pytest.mark.parametrize(("words", "line"), WORDS.items(), ids=WORDS)
def test_words_that_start_no_run(words: str, line: str, here: Path) -> None:
    before = contents(here)
    assert line in refused(*FURTHER, *words.split())
    assert contents(here) == before


@pytest.mark.usefixtures("here")
def test_a_model_that_is_not_there() -> None:
    assert refused("train", "--from", "nowhere", "--data", "text.txt").startswith("there is no folder nowhere")


@pytest.mark.usefixtures("here")
def test_it_says_how_much_is_trained_if_a_part_is_frozen() -> None:
    frozen = "train.frozen=[decoder.embed, decoder.0]"
    line = "no weight of this model matches 'decodr' of train.frozen; did you mean 'decoder'?"
    assert refused(*FURTHER, "--out", "new", "train.frozen=decodr") == line
    outcome = run(*FURTHER, "--out", "new", frozen)
    assert outcome.status == 0, "a choice that failed may be mended in the same folder"
    before, after = (dict(load(folder, "cpu").model.named_parameters()) for folder in ("run", "new"))
    changed = {name for name in before if not before[name].equal(after[name])}
    assert changed == {name for name in before if not name.startswith(("decoder.embed", "decoder.0"))}
    total, trained = (sum(before[name].numel() for name in names) for names in (before, changed))
    assert f": {total:,} parameters, {trained:,} of them trained, " in outcome.err.splitlines()[1]


@pytest.mark.usefixtures("learnt")
def test_a_model_of_words_learns_to_classify() -> None:
    words = ("--from", "masked-language-modeling", "--task", "sequence-classification", "--data", "labels.tsv")
    outcome = run("train", *words, "train.steps=2", "train.batch_size=4", "--out", "new")
    assert outcome.status == 0
    said = outcome.err.splitlines()[0]
    assert "2 weights (34 numbers) fresh: head.projection.weight, head.projection.bias; " in said
    assert "of the old model unused: head.projection.bias, head.transform.dense.weight" in said
    assert json.loads(printed("classify", "new", "a good cat", "--json"))[0]["label"] in ("good", "bad")
