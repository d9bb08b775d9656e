"""The score of a text is what the model says of each of its tokens, however long it is."""

import math

import pytest
import torch

from cutaway.generation.scoring import token_log_probabilities
from variants import POSITIONS, VOCABULARY, variant

CONTEXT = 10


def text(length: int) -> list[int]:
    return torch.randint(VOCABULARY, (length,), generator=torch.Generator().manual_seed(length)).tolist()


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("length", [2, 7, CONTEXT, CONTEXT + 1])
def test_a_text_that_fits_is_scored_in_one_look(position: str, length: int) -> None:
    model, tokens = variant(position=position, context=CONTEXT).eval(), text(length)
    direct = model(torch.tensor([tokens[:-1]])).log_softmax(dim=-1)[0, range(length - 1), tokens[1:]]
    assert torch.allclose(torch.tensor(token_log_probabilities(model, tokens, CONTEXT)), direct, atol=1e-5)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("context", [1, 2, 3, 9, 10])
def test_every_token_of_a_long_text_is_scored_once_with_enough_in_view(context: int) -> None:
    model, tokens = variant(position="rotary", context=context).eval().requires_grad_(False), text(33)
    scores = token_log_probabilities(model, tokens, context)
    assert len(scores) == len(tokens) - 1
    for place, score in enumerate(scores, 1):
        views = (tokens[place - seen : place] for seen in range(1, min(place, context) + 1))
        told = [float(model(torch.tensor([view])).log_softmax(dim=-1)[0, -1, tokens[place]]) for view in views]
        least = min(place, context - max(1, context // 2) + 1)
        assert any(math.isclose(score, one, abs_tol=1e-5) for one in told[least - 1 :]), place


def test_scores_of_all_that_may_follow_sum_to_one() -> None:
    model, tokens = variant(context=CONTEXT).eval(), text(5)
    last = [token_log_probabilities(model, [*tokens, token], CONTEXT)[-1] for token in range(VOCABULARY)]
    assert math.isclose(math.fsum(map(math.exp, last)), 1, abs_tol=1e-5)


def test_the_sum_does_not_depend_on_where_a_text_is_cut_in_two() -> None:
    model, tokens = variant(context=CONTEXT).eval(), text(CONTEXT + 1)
    whole = token_log_probabilities(model, tokens, CONTEXT)
    for cut in range(2, CONTEXT + 1):
        assert token_log_probabilities(model, tokens[:cut], CONTEXT) == pytest.approx(whole[: cut - 1], abs=1e-5)


def test_a_text_of_one_token_has_no_score() -> None:
    assert token_log_probabilities(variant(context=CONTEXT).eval(), [3], CONTEXT) == []
