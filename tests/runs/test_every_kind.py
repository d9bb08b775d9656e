"""Whatever is learnt, a run goes on where it was without its data, and what is loaded is what was trained."""

from pathlib import Path

import pytest

from cutaway.config.reading import load_run
from cutaway.errors import UserError
from cutaway.pipeline import load
from cutaway.runs.run import Run, resume, start
from runs.kinds import KINDS, begin
from training.setups import same, weights

CLASSES = ("sequence_classification", "image_classification", "proteins", "graph_classification")
LABELS = {
    **dict.fromkeys(CLASSES, ("bird", "pet", "wild")),
    "multi_label": ("bird", "loud", "pet", "wild"),
    "token_classification": ("B-bird", "B-pet", "B-wild", "O"),
}
SCORES = {"regression": 1, "question_answering": 2, "algorithmic": 12} | {
    kind: len(labels) for kind, labels in LABELS.items()
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Run]:
    """A run of each kind in turn, trained without a stop."""
    run = begin(request.param, tmp_path_factory.mktemp("straight"), "train.steps=4")
    run.train()
    return request.param, run


def test_a_run_goes_on_where_it_was_without_its_data(trained: tuple[str, Run], tmp_path: Path) -> None:
    kind, straight = trained
    begin(kind, tmp_path, "train.steps=2").train()
    if KINDS[kind].file is not None:
        (tmp_path / KINDS[kind].file).unlink()
    resumed = resume(tmp_path / "run", ["train.steps=4"])
    assert not same(weights(resumed.model), weights(straight.model))
    assert resumed.train().step == 4
    assert same(weights(resumed.model), weights(straight.model))


def test_what_is_loaded_is_what_was_trained(trained: tuple[str, Run]) -> None:
    _, run = trained
    loaded = load(run.folder.path, device="cpu")
    assert same(weights(loaded.model), weights(run.model))
    assert loaded.config == run.config == load_run(run.folder.run)
    pairs = [(loaded.source_tokenizer, run.dataset.tokenizers.source_tokenizer)]
    if run.dataset.tokenizers.tokenizer is not None:
        pairs.append((loaded.tokenizer, run.dataset.tokenizers.tokenizer))
    for one, other in pairs:
        assert getattr(one, "sha256", None) == getattr(other, "sha256", None)


def test_what_the_data_tells_is_filled_in(trained: tuple[str, Run]) -> None:
    kind, run = trained
    model, task = run.config.model, run.config.task
    assert model.vocabulary == getattr(run.dataset.tokenizers.tokenizer, "vocabulary", None)
    assert model.source_vocabulary == getattr(run.dataset.tokenizers.source_tokenizer, "vocabulary", None)
    assert getattr(model.head, "labels", None) == SCORES.get(kind)
    assert getattr(task, "labels", None) == LABELS.get(kind)


def test_it_says_how_much_there_is(trained: tuple[str, Run]) -> None:
    kind, run = trained
    said = run.dataset.amount
    run.dataset.training_data()
    assert said == run.dataset.amount, "looking does not change it"
    if kind == "algorithmic":
        assert said == "sequences to sort, of 4 symbols, without end"
    elif "language_modeling" in kind:
        assert said == f"{len(run.dataset.corpus.training):,} tokens of text"
    else:
        assert said.startswith("24 examples, 6 to validate with")


def test_a_folder_that_holds_a_run_is_left_alone(trained: tuple[str, Run]) -> None:
    _, run = trained
    with pytest.raises(UserError, match=r"holds a run already: resume it with --resume .*run, or choose another"):
        start(run.config, run.folder.path)
