"""Datasets of examples: labels, tokenizers and lengths are settled before anything is trained, and all is counted."""

from pathlib import Path

import pytest
import torch

from cutaway.errors import UserError
from cutaway.pipeline import load
from cutaway.runs.run import start
from runs.kinds import ALL, PAIRS, TAGGED, begin, choices_of, sentence


def started(kind: str, folder: Path, content: str, *choices: str) -> str:
    """How much a run of this kind says there is, of a file with this content."""
    (folder / "file.tsv").write_text(content)
    config = choices_of(kind, folder, f"data.path={folder / 'file.tsv'}", *choices)
    return start(config, folder / "run").dataset.amount


def refusal(kind: str, folder: Path, content: str, *choices: str) -> str:
    with pytest.raises(UserError) as caught:
        started(kind, folder, content, *choices)
    assert "\n" not in str(caught.value)
    assert not (folder / "run" / "run.yaml").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("sequence_classification", "a cow ran\tpte\n", "the label 'pte' does not occur"),
        ("multi_label", "a cow ran\tlout\n", "did you mean 'loud'?"),
        ("regression", "a cow ran\tpet\n", "'pet' is not a number, and task.problem is regression"),
        ("token_classification", "cow B-pit\n", "did you mean 'B-pet'?"),
    ],
)
def test_a_label_that_only_validation_has_is_told(kind: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_text(content)
    with pytest.raises(UserError) as caught:
        begin(kind, tmp_path, f"data.validation_path={tmp_path / 'other.tsv'}")
    assert said in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_labels_may_be_given_in_any_order_and_more_than_occur(tmp_path: Path) -> None:
    run = begin("sequence_classification", tmp_path, "task.labels=[wild, ghost, pet, bird]")
    assert run.config.task.labels == ("wild", "ghost", "pet", "bird")
    assert run.config.model.head.labels == 4
    rows = zip(run.dataset.training, run.dataset.examples.training, strict=True)
    assert {row.target for row, example in rows if "fox" in example.text} == {(0,)}


def test_a_head_scores_the_labels_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the data has 3 labels, but model\.head\.labels is 7: set it to none"):
        begin("sequence_classification", tmp_path, "model.head.labels=7")
    assert begin("sequence_classification", tmp_path, "model.head.labels=3").config.model.head.labels == 3


def test_rare_labels_count_more_if_they_are_to(tmp_path: Path) -> None:
    losses = {}
    for weights in ("none", "balanced"):
        run = begin("sequence_classification", tmp_path, f"task.class_weights={weights}", out=weights)
        training_data = run.dataset.training_data()
        batch = training_data.objective.collate(run.dataset.training, torch.device("cpu"))
        torch.nn.init.zeros_(run.model.head.projection.weight)
        loss, _ = training_data.objective.loss(run.model, batch)
        loss.backward()
        losses[weights] = run.model.head.projection.bias.grad
    assert losses["none"].abs().max() > 1
    assert losses["balanced"].abs().max() < 1e-4, "who thinks all alike is not pulled to any"


def test_each_side_has_the_tokenizer_that_learnt_from_it(tmp_path: Path) -> None:
    run = begin("a tokenizer a side", tmp_path, "source_tokenizer=word")
    run.train()
    loaded = load(run.folder.path, device="cpu")
    source, target = loaded.source_tokenizer, loaded.tokenizer
    assert source is not None
    assert (run.folder.tokenizer.name, run.folder.source_tokenizer.name) == ("tokenizer.json", "source_tokenizer.json")
    assert source.sha256 != target.sha256
    for word, reader, other in (("the", source, target), ("tapis", target, source)):
        assert reader.encode(word) != [reader.unknown]
        assert other.encode(word) == [other.unknown]
    assert len(loaded.model.encoder.embed.tokens.weight) == source.vocabulary
    assert len(loaded.model.decoder.embed.tokens.weight) == target.vocabulary
    assert isinstance(loaded.translate("the cat sat"), str)
    run.folder.source_tokenizer.unlink()
    with pytest.raises(UserError, match=r"lacks source_tokenizer\.json"):
        load(run.folder.path)


def test_sides_that_share_a_tokenizer_share_a_table(tmp_path: Path) -> None:
    run = begin("sequence_to_sequence", tmp_path)
    assert not run.folder.source_tokenizer.exists()
    assert run.model.encoder.embed.tokens.weight is run.model.decoder.embed.tokens.weight
    tokenizer = run.dataset.tokenizers.tokenizer
    assert tokenizer.unknown not in tokenizer.encode("the cat sur tapis")


@pytest.mark.parametrize("key", ["vocabulary", "source_vocabulary"])
def test_a_model_must_have_room_for_its_tokens(key: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"tokens, but model\.{key} is 9: .*set model\.{key}=none"):
        begin("a tokenizer a side", tmp_path, f"model.{key}=9")
    begin("a tokenizer a side", tmp_path, f"model.{key}=99")


def test_what_is_left_out_or_cut_is_counted(tmp_path: Path) -> None:
    long = "the cat sat " * 9 + "\tsur le tapis\n"
    given = ("data.validation=0", "model.context=12")
    assert started("sequence_to_sequence", tmp_path, PAIRS + long * 2 + "\tx\n", *given) == (
        "30 examples, 0 to validate with, 1 empty, 2 longer than 12 tokens"
    )
    (tmp_path / "cut").mkdir()
    cut = started("sequence_to_sequence", tmp_path / "cut", PAIRS + long * 2, *given, "task.truncate=yes")
    assert cut == "32 examples, 0 to validate with, 2 cut to 12 tokens"


def test_validation_is_counted_too(tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_text("the O\ncow B-pet\n\n" + "cow O\n" * 40)
    amount = started("token_classification", tmp_path, TAGGED, f"data.validation_path={tmp_path / 'other.tsv'}")
    assert amount == "30 examples, 1 to validate with, 1 longer than 24 tokens"


def test_long_texts_to_classify_are_cut_and_counted(tmp_path: Path) -> None:
    texts = "".join(f"{sentence(*one) * (2 if i < 3 else 1)}\t{one[0]}\n" for i, one in enumerate(ALL))
    amount = started("sequence_classification", tmp_path, texts, "model.context=9", "data.validation=0")
    assert amount == "30 examples, 0 to validate with, 3 cut to 9 tokens"


def test_windows_over_long_contexts_are_counted(tmp_path: Path) -> None:
    run = begin("question_answering", tmp_path, "model.context=9", "data.validation=0")
    windows = len(run.dataset.training)
    assert windows > 30
    assert run.dataset.amount.endswith(f", {windows - 30} windows over contexts that were too long for one")


def test_nothing_left_is_told_with_the_reason(tmp_path: Path) -> None:
    assert refusal("sequence_to_sequence", tmp_path, PAIRS + "\tx\n", "model.context=4") == (
        "no example is left to train on, 1 empty, 24 longer than 4 tokens: raise model.context, or give others"
    )
