"""Texts from a source: the best ones that a search finds, or drawn ones, which are the same whatever stands beside."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.generation.beams import BeamOptions
from cutaway.generation.sampling import Sampling
from pipeline.pipelines import CONTEXT, LONG, PICTURES, TEXTS, pipeline
from support import require_module

pytestmark = pytest.mark.usefixtures("unchecked")

GIVEN: dict[str, list[Any]] = {"translate": TEXTS, "caption": PICTURES}
every_source = pytest.mark.parametrize(("verb", "given"), GIVEN.items(), ids=GIVEN)


@every_source
def test_of_several_texts_the_best_comes_first(verb: str, given: list[Any]) -> None:
    asked = pipeline(verb)
    found = asked.seq2seq_generator(verb).search(given, BeamOptions(num_beams=4, n_best=3, max_new_tokens=CONTEXT))
    for best in found:
        assert len(best) == 3
        assert all(one["score"] >= other["score"] for one, other in pairwise(best))
        assert len({(one["text"], one["log_probability"]) for one in best}) == 3
        assert all(one["log_probability"] < 0 for one in best)
    assert [best[0]["text"] for best in found] == getattr(asked, verb)(given, num_beams=4)
    assert found[0][0]["text"] == getattr(asked, verb)(given[0], num_beams=4)


def test_a_summary_is_found_as_a_translation() -> None:
    asked = pipeline("translate")
    assert asked.summarize(TEXTS[0], num_beams=4) == asked.translate(TEXTS[0], num_beams=4)


@every_source
def test_more_beams_find_texts_that_are_no_less_likely(verb: str, given: list[Any]) -> None:
    seq2seq_generator = pipeline(verb).seq2seq_generator(verb)
    scores = [
        [best[0]["score"] for best in seq2seq_generator.search(given, BeamOptions(num_beams=beams, length_penalty=0.0))]
        for beams in (1, 8)
    ]
    assert scores[0] != scores[1]
    assert sum(scores[1]) > sum(scores[0])


def test_more_texts_than_beams_are_not_to_be_had() -> None:
    with pytest.raises(UserError, match="n_best must be 1 or more, and no more than the 2 beams"):
        BeamOptions(num_beams=2, n_best=3)


@pytest.mark.parametrize("temperature", [1.0, 0.0])
@every_source
def test_what_is_drawn_does_not_depend_on_what_stands_beside(verb: str, given: list[Any], temperature: float) -> None:
    seq2seq_generator = pipeline(verb).seq2seq_generator(verb)

    def draw(sources: list[Any], seed: int) -> list[str]:
        return seq2seq_generator.sample(sources, 9, Sampling(temperature=temperature, seed=seed))

    together = draw(given, 5)
    assert together == [draw([source], 5 + i)[0] for i, source in enumerate(given)]
    assert together[1:3] == draw(given[1:3], 6)
    assert (together == draw(given, 50)) == (temperature == 0)
    assert draw([], 5) == []


@every_source
def test_draws_of_more_than_one_batch_go_on_with_their_seeds(
    verb: str, given: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seq2seq_generator = pipeline(verb).seq2seq_generator(verb)
    expected = seq2seq_generator.sample(given, 9, Sampling(seed=5))
    monkeypatch.setattr("cutaway.generation.seq2seq.SAMPLED_AT_ONCE", 2)
    assert seq2seq_generator.sample(given, 9, Sampling(seed=5)) == expected


@every_source
def test_a_greedy_draw_is_a_search_with_one_beam(verb: str, given: list[Any]) -> None:
    seq2seq_generator = pipeline(verb).seq2seq_generator(verb)
    drawn = seq2seq_generator.sample(given, CONTEXT, Sampling(temperature=0.0))
    searched = [
        seq2seq_generator.search([source], BeamOptions(num_beams=1, max_new_tokens=CONTEXT, length_penalty=0.0))[0][0][
            "text"
        ]
        for source in given
    ]
    assert [a[: len(b)] for a, b in zip(drawn, searched, strict=True)] == searched


def test_long_sources_are_cut_only_if_that_is_wanted_and_counted() -> None:
    asked = pipeline("translate")
    cutting = asked.seq2seq_generator("translate", truncate=True)
    options = BeamOptions(num_beams=2, max_new_tokens=9)
    assert len(cutting.search(["low", LONG, LONG], options)) == 3
    assert cutting.truncated == 2
    plain = asked.seq2seq_generator("translate")
    with pytest.raises(UserError, match="text 2 has"):
        plain.search(["low", LONG], options)
    assert plain.truncated == 0


def test_an_empty_source_is_told() -> None:
    with pytest.raises(UserError, match="text 2 is empty, and cannot be rewritten: remove it"):
        pipeline("translate").translate(["low", "  "])


def test_a_caption_is_of_a_file_as_of_its_pixels(tmp_path: Path) -> None:
    require_module("PIL.Image").fromarray(PICTURES[0]).save(tmp_path / "image.png")
    asked, path = pipeline("caption"), tmp_path / "image.png"
    expected = asked.caption(PICTURES[0], num_beams=3)
    assert asked.caption(path, num_beams=3) == asked.caption(str(path), num_beams=3) == expected
    assert asked.caption((str(path), PICTURES[1]), num_beams=3) == [expected, asked.caption(PICTURES[1], num_beams=3)]


def test_an_image_that_the_model_does_not_take_is_told() -> None:
    asked = pipeline("caption")
    with pytest.raises(UserError, match="has 1 channels, and the model reads images of 3"):
        asked.caption(PICTURES[0][..., 0])
    with pytest.raises(UserError, match="5 × 8 pixels, no multiples of a patch of 2"):
        asked.caption(PICTURES[0][:5])
    with pytest.raises(UserError, match=r"cannot read nowhere\.png"):
        asked.caption("nowhere.png")
