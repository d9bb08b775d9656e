"""A task that the model cannot learn is refused in words that mend it, and so is a choice that means nothing to it."""

import re
from pathlib import Path

import pytest

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS, ModelNeeds, task_record, trained_kinds
from cutaway.errors import UserError
from cutaway.runs.requirements import chosen_by_task, require_choices, require_model
from cutaway.tasks.dataset import with_labels
from runs.kinds import begin

ARCHITECTURES = ("decoder", "encoder", "encoder_decoder")
VALUES = {
    "data.path": "x.tsv",
    "data.field": "column",
    "data.target": "column",
    "data.header": "yes",
    "data.validation_path": "y.tsv",
    "train.batch_tokens": "99",
    "tokenizer": "byte",
    "source_tokenizer": "char",
}
CANNOT_LEARN = {
    "masked_language_modeling": ("model.architecture=decoder", "needs a model whose architecture is encoder,"),
    "sequence_to_sequence": ("model.architecture=encoder", "is encoder_decoder, but this one is encoder"),
    "image_captioning": ("model.source_embedding=tokens", "write model.source_embedding=patches"),
    "sequence_classification": ("model.head=language", "needs a sequence head, but model.head is language"),
    "token_classification": ("model.head=sequence", "needs a token head, but model.head is sequence"),
    "question_answering": ("model.architecture=decoder", "write model.architecture=encoder"),
    "algorithmic": ("model.head=language", "write model.head=token"),
    "language_modeling": ("model.architecture=encoder", "write model.architecture=decoder"),
}


def test_a_head_for_language_scores_no_labels() -> None:
    with pytest.raises(UserError, match=r"a language head has no labels: write model\.head=sequence"):
        with_labels(RunConfig(), 3)


def needs_of(task: str) -> ModelNeeds:
    needs = task_record(task).spec.needs
    assert needs is not None
    return needs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("task", trained_kinds())
def test_who_follows_the_advice_gets_a_model_that_fits(task: str, architecture: str) -> None:
    config = override(RunConfig(), [f"model.architecture={architecture}", f"task={task}"])
    followed = []
    while True:
        try:
            require_model(config)
            break
        except UserError as error:
            (advice,) = re.findall(r"write (model\.\w+=\w+)", str(error))
        assert advice not in followed
        followed.append(advice)
        config = override(config, [advice])
    needed = needs_of(task)
    assert config.model.architecture in needed.architectures
    assert config.model.head.kind == needed.head
    assert needed.position in (None, config.model.position.kind)
    unlike = (needed.head != "language", needed.position is not None, needed.reads != "tokens")
    assert len(followed) == (architecture not in needed.architectures) + sum(unlike)


@pytest.mark.parametrize("task", CANNOT_LEARN)
def test_what_a_model_cannot_learn_is_refused_before_anything_is_written(task: str, tmp_path: Path) -> None:
    choice, said = CANNOT_LEARN[task]
    with pytest.raises(UserError, match=re.escape(said)):
        begin(task, tmp_path, choice)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", trained_kinds())
def test_a_task_brings_what_it_needs(name: str) -> None:
    task = name.replace("_", "-")
    needed = needs_of(name)
    plain = override(RunConfig(), [f"model.architecture={needed.architectures[0]}", "tokenizer=word"])
    config = override(plain, chosen_by_task(task, plain))
    assert (config.task.kind, config.model.head.kind) == (name, needed.head)
    require_model(config)
    require_choices(config)
    biased = override(config, ["model.head.bias=yes"] if config.model.head.kind == "language" else [])
    assert override(biased, chosen_by_task(task, biased)) == biased, "one that is there is kept"


def test_an_unknown_task_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no task is called 'token-clasification'; did you mean 'token_classification"):
        chosen_by_task("token-clasification", RunConfig())


@pytest.mark.parametrize(("task", "key"), [(task, key) for task in KINDS for key in task_record(task).spec.unread])
def test_a_choice_that_means_nothing_is_refused(task: str, key: str) -> None:
    plain = override(RunConfig(), [f"task={task}"])
    require_choices(plain)
    with pytest.raises(UserError, match=rf"^{re.escape(key)} has no effect in the task {task}: remove it$"):
        require_choices(override(plain, [f"{key}={VALUES[key]}"]))


@pytest.mark.parametrize(("architecture", "pooling", "hidden"), [("encoder", "cls", True), ("decoder", "last", False)])
def test_a_new_head_that_classifies_texts_is_one_that_other_libraries_have(
    architecture: str, pooling: str, hidden: bool
) -> None:
    plain = override(RunConfig(), [f"model.architecture={architecture}"])
    head = override(plain, chosen_by_task("sequence-classification", plain)).model.head
    assert (head.kind, getattr(head, "pooling", None), getattr(head, "hidden", None)) == ("sequence", pooling, hidden)
    own = override(plain, ["model.head=sequence", "model.head.pooling=max"])
    assert override(own, chosen_by_task("sequence-classification", own)).model.head == own.model.head


def test_images_and_graphs_keep_the_head_of_before() -> None:
    plain = override(RunConfig(), ["model.architecture=encoder"])
    for task in ("image-classification", "graph-classification"):
        head = override(plain, chosen_by_task(task, plain)).model.head
        assert (getattr(head, "pooling", None), getattr(head, "hidden", None)) == ("mean", False)
