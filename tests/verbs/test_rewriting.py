"""Texts from texts: the best ones that a search finds, or drawn ones, which are the same whatever stands beside."""

from itertools import pairwise

import pytest

from cutaway.errors import UserError
from cutaway.generate.beams import BeamOptions
from cutaway.generate.sampling import Sampling
from verbs.pipelines import CONTEXT, LONG, TEXTS, pipeline


def test_of_several_texts_the_best_comes_first() -> None:
    asked = pipeline("translate")
    found = asked.rewriter("translate").search(TEXTS, BeamOptions(beams=4, n_best=3, max_new_tokens=CONTEXT))
    for best in found:
        assert len(best) == 3
        assert all(one["score"] >= other["score"] for one, other in pairwise(best))
        assert len({(one["text"], one["log_probability"]) for one in best}) == 3
        assert all(one["log_probability"] < 0 for one in best)
    assert [best[0]["text"] for best in found] == asked.translate(TEXTS, beams=4)
    assert asked.summarize(TEXTS[0], beams=4) == asked.translate(TEXTS[0], beams=4)


def test_more_beams_find_texts_that_are_no_less_likely() -> None:
    rewriter = pipeline("translate").rewriter("translate")
    scores = [
        [best[0]["score"] for best in rewriter.search(TEXTS, BeamOptions(beams=beams, length_penalty=0.0))]
        for beams in (1, 8)
    ]
    assert scores[0] != scores[1]
    assert sum(scores[1]) > sum(scores[0])


def test_more_texts_than_beams_are_not_to_be_had() -> None:
    with pytest.raises(UserError, match="n_best must be 1 or more, and no more than the 2 beams"):
        BeamOptions(beams=2, n_best=3)


@pytest.mark.parametrize("temperature", [1.0, 0.0])
def test_what_is_drawn_does_not_depend_on_what_stands_beside(temperature: float) -> None:
    rewriter = pipeline("translate").rewriter("translate")

    def draw(texts: list[str], seed: int) -> list[str]:
        return rewriter.draw(texts, 9, Sampling(temperature=temperature, seed=seed))

    together = draw(TEXTS, 5)
    assert together == [draw([text], 5 + i)[0] for i, text in enumerate(TEXTS)]
    assert together[1:3] == draw(TEXTS[1:3], 6)
    assert (together == draw(TEXTS, 50)) == (temperature == 0)
    assert draw([], 5) == []


def test_draws_of_more_than_one_batch_go_on_with_their_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    rewriter = pipeline("translate").rewriter("translate")
    expected = rewriter.draw(TEXTS, 9, Sampling(seed=5))
    monkeypatch.setattr("cutaway.verbs.rewriting.DRAWN_AT_ONCE", 2)
    assert rewriter.draw(TEXTS, 9, Sampling(seed=5)) == expected


def test_a_greedy_draw_is_a_search_with_one_beam() -> None:
    rewriter = pipeline("translate").rewriter("translate")
    drawn = rewriter.draw(TEXTS, CONTEXT, Sampling(temperature=0.0))
    searched = [
        rewriter.search([text], BeamOptions(beams=1, max_new_tokens=CONTEXT, length_penalty=0.0))[0][0]["text"]
        for text in TEXTS
    ]
    assert [a[: len(b)] for a, b in zip(drawn, searched, strict=True)] == searched


def test_long_sources_are_cut_only_if_that_is_wanted_and_counted() -> None:
    asked = pipeline("translate")
    cutting = asked.rewriter("translate", truncate=True)
    options = BeamOptions(beams=2, max_new_tokens=9)
    assert len(cutting.search(["low", LONG, LONG], options)) == 3
    assert cutting.truncated == 2
    plain = asked.rewriter("translate")
    with pytest.raises(UserError, match="text 2 has"):
        plain.search(["low", LONG], options)
    assert plain.truncated == 0


def test_an_empty_source_is_told() -> None:
    with pytest.raises(UserError, match="text 2 is empty, and cannot be rewritten: take it out"):
        pipeline("translate").translate(["low", "  "])
