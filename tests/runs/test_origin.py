"""A run that goes on from a model begins where that model is, and keeps its body and its tokens."""

import re
import shutil
from pathlib import Path

import pytest
import torch

from cutaway.config.reading import load_run
from cutaway.errors import UserError
from cutaway.hub.importing import Imported
from cutaway.hub.opening import Opened
from cutaway.model.build import build
from cutaway.model.run_folder import read_json
from cutaway.pipeline import Pipeline, load
from cutaway.runs.origin import fine_tuning, going_on
from cutaway.runs.run import resume, start
from cutaway.runs.transfer import LARGER
from runs.kinds import ALL, KINDS, begin, choices_of, lines
from runs.origins import MakeOrigin, go_on, losses, make_origins
from support import require_module
from text.folders import marian
from training.setups import same, small_model, weights
from zoo import Zoo

WORDS = "masked_language_modeling"
CLASSIFY = "sequence_classification"


@pytest.fixture
def origin(zoo: Zoo) -> MakeOrigin:
    """The folder of a trained run of a kind."""
    return make_origins(zoo)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_step_it_is_the_model_that_it_goes_on_from(kind: str, origin: MakeOrigin, tmp_path: Path) -> None:
    run = go_on(origin(kind), tmp_path, kind)
    before, after = load(origin(kind), "cpu"), load(run.folder.path, "cpu")
    assert run.transferred is not None
    assert (run.transferred.cut, run.transferred.fresh, run.transferred.unused) == ({}, {}, {})
    assert run.transferred.taken == {name: weight.numel() for name, weight in before.model.named_parameters()}
    assert same(weights(after.model), weights(before.model))
    assert all(map(torch.equal, losses(after, run), losses(before, run)))
    assert after.config.model == before.config.model
    assert getattr(after.source_tokenizer, "sha256", None) == getattr(before.source_tokenizer, "sha256", None)
    if run.dataset.tokenizers.tokenizer is not None:
        assert after.tokenizer.sha256 == before.tokenizer.sha256


def test_its_tokens_are_those_of_the_model_whatever_it_reads(origin: MakeOrigin, tmp_path: Path) -> None:
    folder = origin(WORDS)
    (tmp_path / "other.txt").write_text("a zebra sat on the mat " * 99)
    run = go_on(folder, tmp_path, WORDS, f"data.path={tmp_path / 'other.txt'}")
    assert run.dataset.tokenizers.tokenizer is not None
    assert run.dataset.tokenizers.tokenizer.sha256 == load(folder, "cpu").tokenizer.sha256
    assert run.folder.tokenizer.read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert run.config.tokenizer.kind == "origin"
    tokens = run.dataset.corpus.training[:].tolist()
    unknown = run.dataset.tokenizers.tokenizer.count_unknown(tokens)
    assert len(tokens) // 3 <= unknown < len(tokens) // 2
    assert run.dataset.amount == f"{len(tokens):,} tokens of text, {unknown:,} of them unknown"
    assert run.config.origin == str(folder)


def test_what_the_tokenizer_does_not_know_is_counted(origin: MakeOrigin, tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_text("the zebra sat\tle zebra assis\n" * 9 + "the cat sat\tun cat a assis\n" * 9)
    other = f"data.path={tmp_path / 'other.tsv'}"
    run = go_on(origin("sequence_to_sequence"), tmp_path, "sequence_to_sequence", other, "data.validation=0")
    assert run.dataset.amount == "18 examples, 0 to validate with, 18 unknown tokens"


@pytest.mark.parametrize("task", [None, CLASSIFY])
def test_it_goes_on_where_it_was_without_its_origin_and_its_data(
    task: str | None, origin: MakeOrigin, tmp_path: Path
) -> None:
    kind = task or WORDS
    straight = go_on(origin(WORDS), tmp_path, kind, "train.steps=4", "model.dropout=0.2", task=task)
    straight.train()
    model = shutil.copytree(origin(WORDS), tmp_path / "model")
    stopped = go_on(model, tmp_path, kind, "train.steps=2", "model.dropout=0.2", task=task, out="stopped")
    stopped.train()
    shutil.rmtree(model)
    (tmp_path / str(KINDS[kind].file)).unlink()
    resumed = resume(stopped.folder.path, ["train.steps=4"])
    assert not same(weights(resumed.model), weights(straight.model))
    assert resumed.train().step == 4
    assert same(weights(resumed.model), weights(straight.model))


def test_it_may_be_killed_before_its_first_step(origin: MakeOrigin, tmp_path: Path) -> None:
    run = go_on(origin(WORDS), tmp_path, CLASSIFY, task=CLASSIFY)
    assert not run.folder.checkpoints.exists()
    assert same(weights(resume(run.folder.path).model), weights(run.model))


def test_its_run_file_makes_it_again(origin: MakeOrigin, tmp_path: Path) -> None:
    run = go_on(origin(WORDS), tmp_path, CLASSIFY, task=CLASSIFY)
    again = start(load_run(run.folder.run), tmp_path / "again")
    assert again.config == run.config
    assert same(weights(again.model), weights(run.model))


def test_another_task_has_a_fresh_head_on_the_same_body(origin: MakeOrigin, tmp_path: Path) -> None:
    run = go_on(origin(WORDS), tmp_path, CLASSIFY, "model.context=13", task="sequence-classification")
    before, after = weights(load(origin(WORDS), "cpu").model), weights(run.model)
    fresh = weights(build(run.config.model, seed=run.config.train.seed))
    positions = "encoder.embed.positions.weight"
    assert run.transferred is not None
    assert run.transferred.fresh == {"head.projection.weight": 3 * 16, "head.projection.bias": 3}
    assert run.transferred.unused == {name: before[name].numel() for name in before if name not in after}
    assert run.transferred.cut == {positions: (13, 24)}
    assert after["head.projection.weight"].std().item() == pytest.approx(16**-0.5, rel=0.3)
    for name, weight in after.items():
        larger = LARGER if name == "head.projection.weight" else 1.0
        expected = fresh[name] * larger if name.startswith("head.") else before[name][: len(weight)]
        assert torch.equal(weight, expected), name
    assert run.transferred.summary == (
        f"{len(after) - 2} weights ({sum(run.transferred.taken.values()):,} numbers) taken; of {positions} the first "
        f"13 of 24 rows; 2 weights (51 numbers) fresh: head.projection.weight, head.projection.bias"
    )


@pytest.mark.parametrize(
    ("kind", "choices", "is_kept"),
    [
        (CLASSIFY, ("model.head.pooling=max", "task.class_weights=balanced"), True),
        (CLASSIFY, ("model.dropout=0.3", "model.attention.dropout=0.2", "model.context=24"), True),
        (CLASSIFY, ("task.labels=[wild, pet, bird]",), False),
        (CLASSIFY, ("task.labels=[bird, pet, wild, tame]",), False),
        (CLASSIFY, ("task.problem=multi_label",), False),
        (CLASSIFY, ("model.head.hidden=yes",), False),
        ("language_modeling", ("model.head.softcap=30",), True),
        ("language_modeling", ("model.head.bias=yes",), False),
    ],
)
def test_a_head_comes_along_if_it_answers_the_same_in_the_same_shapes(
    kind: str, choices: tuple[str, ...], is_kept: bool, origin: MakeOrigin, tmp_path: Path
) -> None:
    run = go_on(origin(kind), tmp_path, kind, *choices)
    assert run.transferred is not None
    heads = {name for name in weights(run.model) if name.startswith("head.")}
    assert run.transferred.fresh.keys() == (set() if is_kept else heads)
    assert all(name.startswith("head.") for name in run.transferred.unused)


def test_a_head_that_was_the_embedding_begins_as_a_copy_of_it(origin: MakeOrigin, tmp_path: Path) -> None:
    model = go_on(origin("language_modeling"), tmp_path, "language_modeling", "model.head.tied=no").model
    embedding = model.get_parameter("decoder.embed.tokens.weight")
    assert model.head.projection.weight is not embedding
    assert torch.equal(model.head.projection.weight, embedding)


def test_two_tags_are_not_the_two_ends_of_a_span(origin: MakeOrigin, tmp_path: Path) -> None:
    (tmp_path / "two.conll").write_text(lines([f"the O\n{animal} B-it\nsat O\n" for animal, _ in ALL]))
    two = f"data.path={tmp_path / 'two.conll'}"
    run = go_on(origin("question_answering"), tmp_path, "token_classification", two, task="token_classification")
    assert run.transferred is not None
    assert list(run.transferred.fresh) == ["head.projection.weight", "head.projection.bias"]


REFUSED = {
    "model.width=18": "model.width cannot be 18 in a run that fine-tunes {}, where it is 16: remove it",
    "model.position=alibi": "model.position.kind cannot be alibi in a run that fine-tunes {}, where it is learned",
    "model.attention.bias=yes": "model.attention.bias cannot be True in a run that fine-tunes {}",
    "model.architecture=decoder": "model.architecture cannot be decoder",
    "model.vocabulary=99": "model.vocabulary cannot be 99",
    "model.context=25": "{} has 24 learned positions, but model.context is 25: write model.context=24 or less",
    "tokenizer=byte": "a fine-tuned model keeps its tokenizer: remove tokenizer",
    "source_tokenizer=byte": "a fine-tuned model keeps its tokenizer: remove source_tokenizer",
    "origin=elsewhere": "the run is fine-tuned from {}: remove origin",
    "model.head=token": "needs a language head, but model.head is token: write model.head=language",
    "task=image_classification": "{} cannot be trained for image_classification: its body fits masked_language_mod",
    "task=language_modeling": "{} cannot be trained for language_modeling: its body fits",
    "task=question_answerin": "did you mean 'question_answering'?",
}


@pytest.mark.parametrize("choice", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(choice: str, origin: MakeOrigin, tmp_path: Path) -> None:
    told = REFUSED[choice].format(origin(WORDS))
    task, choices = (choice.removeprefix("task="), ()) if choice.startswith("task=") else (None, (choice,))
    with pytest.raises(UserError, match=re.escape(told)):
        go_on(origin(WORDS), tmp_path, WORDS, *choices, task=task)
    assert not (tmp_path / "further").exists()


@pytest.mark.parametrize(
    ("task", "choice", "token"),
    [
        (WORDS, "", "[MASK]"),
        ("question_answering", "", "[CLS]"),
        (CLASSIFY, "model.head.pooling=cls", "[CLS]"),
    ],
)
def test_a_tokenizer_without_a_token_that_the_task_needs(
    task: str, choice: str, token: str, origin: MakeOrigin, tmp_path: Path
) -> None:
    folder = origin("algorithmic")
    told = f"the tokenizer of {folder} has no token such as {token}, which {task} needs here: fine-tune another model"
    with pytest.raises(UserError, match=f"^{re.escape(told)}$"):
        go_on(folder, tmp_path, task, *filter(None, [choice]), task=task)
    assert not (tmp_path / "further").exists()


def test_other_symbols_than_those_of_the_task(origin: MakeOrigin, tmp_path: Path) -> None:
    choices = ("data.path=python-docs", "data.validation=0.1", "task.length=4")
    told = "the tokens of the model to fine-tune are not the symbols of this task, 0 to 99: choose another task.symbols"
    with pytest.raises(UserError, match=re.escape(told)):
        go_on(origin(WORDS), tmp_path, WORDS, *choices, task="algorithmic")
    assert not (tmp_path / "further").exists()


def test_a_decoder_that_looks_ahead_stops_doing_so_when_it_classifies(tmp_path: Path) -> None:
    looking = begin("language_modeling", tmp_path, "model.multi_token_prediction=1", out="multi_token_prediction")
    looking.train()
    run = go_on(looking.folder.path, tmp_path, CLASSIFY, task=CLASSIFY)
    assert run.config.model.multi_token_prediction == 0
    assert run.transferred is not None
    assert run.transferred.unused.keys() == {
        name for name in weights(looking.model) if name.startswith("multi_token_prediction.")
    }


def test_a_model_of_other_people_is_as_good_as_a_run(origin: MakeOrigin, tmp_path: Path) -> None:
    transformers = require_module("transformers")
    tokens = load(origin(WORDS), "cpu").tokenizer.vocabulary
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    config = transformers.BertConfig(vocab_size=tokens, max_position_embeddings=20, **sizes)
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path / "theirs")
    shutil.copy(origin(WORDS) / "tokenizer.json", tmp_path / "theirs")
    run = go_on(tmp_path / "theirs", tmp_path, CLASSIFY, "model.context=18", task=CLASSIFY)
    before, after = weights(load(tmp_path / "theirs", "cpu").model), weights(run.model)
    assert run.transferred is not None
    assert run.transferred.fresh.keys() == {"head.projection.weight", "head.projection.bias"}
    assert run.transferred.unused.keys() == before.keys() - after.keys() | {"head.projection.bias"}
    assert all(torch.equal(after[name], before[name][: len(after[name])]) for name in run.transferred.taken)
    assert run.train().step == 2
    shutil.rmtree(tmp_path / "theirs")
    assert load(run.folder.path, "cpu").classify("the cat sat").label in ("bird", "pet", "wild")


@pytest.mark.parametrize("name", ["owner/model", "owner/model@main"])
def test_a_model_of_the_hub_is_named_with_its_revision(
    name: str, origin: MakeOrigin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = load(origin(WORDS), "cpu")
    opened = Opened(tmp_path / "snapshots" / "0123abc", Imported(plain.model, plain.config, ()), plain.tokenizer)
    fetched = Pipeline(plain.model, plain.tokenizer, plain.config, opened=opened)
    assert going_on(name, fetched).origin == "owner/model@0123abc"
    assert going_on(str(origin(WORDS)), plain).origin == str(origin(WORDS))


def test_what_is_trained_for_nothing_is_told_what_it_could_learn(tmp_path: Path) -> None:
    config = choices_of(WORDS, tmp_path, "model.vocabulary=9", "task=sentence_embedding", "model.head=embedding")
    pipeline = Pipeline(build(config.model), None, config)
    told = (
        "x is a model for sentence_embedding, which is not trained here: choose a task with --task, masked_language_mod"
    )
    with pytest.raises(UserError, match=re.escape(told)):
        going_on("x", pipeline)


def test_the_larger_a_model_the_gentler_it_is_trained() -> None:
    rates = [fine_tuning(small_model(width=width)).optimizer.learning_rate for width in (16, 512, 1024)]
    assert rates[0] == 5e-4
    assert sorted(rates, reverse=True) == rates
    assert len(set(rates)) == 3


def test_two_tokenizers_over_one_list_of_ids_are_kept(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    folder = marian(tmp_path / "theirs")
    ids = {"decoder_start_token_id": 3, "pad_token_id": 3, "eos_token_id": 1}
    halves = {
        name: value
        for stack in ("encoder", "decoder")
        for name, value in {f"{stack}_layers": 1, f"{stack}_attention_heads": 4, f"{stack}_ffn_dim": 50}.items()
    }
    size = len(read_json(folder / "vocab.json"))
    config = transformers.MarianConfig(**halves, **ids, d_model=24, vocab_size=size, max_position_embeddings=60)
    transformers.MarianMTModel(config).save_pretrained(folder)
    run = go_on(folder, tmp_path, "sequence_to_sequence")
    run.train()
    again = load(tmp_path / "further")
    before = load(folder).tokenizers
    text = "whither goest thou, my good lord"
    assert again.tokenizers.source.encode(text) == before.source.encode(text) != before.text.encode(text)
    assert again.tokenizers.text.encode(text) == before.text.encode(text)
    assert again.config.model.source_vocabulary is None
