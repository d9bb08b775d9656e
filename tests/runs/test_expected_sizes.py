"""What a run's model will be like is known before its data is prepared."""

from pathlib import Path

import pytest
import torch

from cutaway.config.reading import override
from cutaway.model.build import build
from cutaway.runs.plan import with_expected_sizes
from runs.kinds import KINDS, begin, choices_of, write_data


@pytest.mark.parametrize("choices", [(), ("task.operation=add", "task.symbols=10")], ids=["sort", "add"])
def test_a_computation_tells_its_sizes_itself(choices: tuple[str, ...], tmp_path: Path) -> None:
    run = begin("algorithmic", tmp_path, *choices)
    assert with_expected_sizes(choices_of("algorithmic", tmp_path, *choices)) == run.config


def test_characters_are_counted_in_the_text(tmp_path: Path) -> None:
    run = begin("language_modeling", tmp_path)
    assert with_expected_sizes(choices_of("language_modeling", tmp_path)) == run.config


def test_characters_of_examples_are_counted_on_their_side(tmp_path: Path) -> None:
    write_data("a tokenizer a side", tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "pairs.tsv").read_text().splitlines()]
    source, target = ({character for row in rows for character in row[side]} for side in (0, 1))
    assert len(source) != len(target)
    config = override(choices_of("a tokenizer a side", tmp_path), ["tokenizer=char", "source_tokenizer=char"])
    model = with_expected_sizes(config).model
    assert (model.source_vocabulary, model.vocabulary) == (len(source), len(target))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_enough_to_build_the_model_and_nothing_is_written(kind: str, tmp_path: Path) -> None:
    write_data(kind, tmp_path)  # for its characters are counted
    config = with_expected_sizes(choices_of(kind, tmp_path))
    with torch.device("meta"):
        assert sum(weight.numel() for weight in build(config.model).parameters()) > 1000
    assert not (tmp_path / "run").exists()


def test_a_model_is_told_the_size_of_images_and_how_many_patches_they_have(tmp_path: Path) -> None:
    model = with_expected_sizes(choices_of("image_classification", tmp_path, "model.embedding.height=15")).model
    assert [model.embedding.model_dump()[key] for key in ("height", "width", "channels")] == [15, 14 * 3, 3]
    assert model.context == 5 * 14 + 1, "with a class vector"
    written = with_expected_sizes(choices_of("image_captioning", tmp_path)).model
    assert written.source_embedding is not None
    assert written.context == choices_of("image_captioning", tmp_path).model.context, "which is of captions"


def test_what_is_given_counts(tmp_path: Path) -> None:
    labels = with_expected_sizes(choices_of("sequence_classification", tmp_path, "task.labels=[a, b, c, d, e]"))
    assert labels.model.head.labels == 5
    given = with_expected_sizes(choices_of("a tokenizer a side", tmp_path, "model.source_vocabulary=71"))
    assert (given.model.vocabulary, given.model.source_vocabulary) == (60, 71)
    assert with_expected_sizes(choices_of("language_modeling", tmp_path, "tokenizer=byte")).model.vocabulary == 256
