"""Each choice of how to draw does what its name says, alone and in its place behind the others."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cutaway.errors import UserError
from cutaway.generation.sampling import Sampler, Sampling, allowed, nucleus, penalised, plain_nucleus, samplers
from cutaway.generation.sampling import draw as draw_rows

ROWS, VOCABULARY = 3, 11

seeds = st.integers(0, 10_000)


def random_logits(seed: int, rows: int = ROWS) -> Tensor:
    """In double precision, as the sampler works; all values differ."""
    return 3 * torch.randn(rows, VOCABULARY, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def kept(logits: Tensor, **choices: Any) -> Tensor:
    return allowed(logits, Sampling(**choices)) > -math.inf


def draw(logits: Tensor, texts: Sequence[Sequence[int]] | None = None, **choices: Any) -> list[int]:
    return draw_rows(samplers(Sampling(**choices), len(logits)), logits, texts or [[0]] * len(logits))


def frequencies(logits: Tensor, count: int, **choices: Any) -> Tensor:
    """How often each token is drawn, by so many rows that differ in their seed alone."""
    return torch.tensor(draw(logits.expand(count, -1), **choices)).bincount(minlength=VOCABULARY) / count


@given(seeds)
def test_greedy_takes_the_likeliest_and_ignores_the_seed(seed: int) -> None:
    logits = random_logits(seed)
    for choice in ({"seed": 1}, {"seed": 2}, {"top_p": 0.3}, {"top_k": 2}):
        assert draw(logits, temperature=0.0, **choice) == logits.argmax(dim=-1).tolist()


@given(seeds, st.sampled_from([1e-9, 1e-30, 1e-300, 5e-324]))
def test_a_temperature_near_zero_is_greedy(seed: int, temperature: float) -> None:
    logits = random_logits(seed)
    assert draw(logits, temperature=temperature, seed=seed) == logits.argmax(dim=-1).tolist()


@given(seeds, st.integers(1, VOCABULARY + 2))
def test_top_k_leaves_the_k_likeliest(seed: int, k: int) -> None:
    logits = random_logits(seed)
    left = kept(logits, top_k=k)
    assert (left.sum(dim=-1) == min(k, VOCABULARY)).all()
    assert (logits.masked_fill(~left, math.inf).amin(-1) > logits.masked_fill(left, -math.inf).amax(-1)).all()


def test_top_k_leaves_every_token_that_ties_with_the_kth() -> None:
    assert kept(torch.tensor([[1.0, 3.0, 2.0, 2.0, 0.0]]), top_k=2).tolist() == [[False, True, True, True, False]]


@given(seeds, st.floats(0.01, 1.0))
def test_top_p_leaves_the_fewest_that_reach_it(seed: int, p: float) -> None:
    probabilities = random_logits(seed).softmax(dim=-1)
    left = nucleus(probabilities, p)
    sums = (probabilities * left).sum(dim=-1)
    least = probabilities.masked_fill(~left, 2.0).amin(dim=-1)
    assert (sums >= p - 1e-9).all()
    assert (sums - least < p + 1e-9).all(), "without the least likely of them they would not reach it"
    assert (least > probabilities.masked_fill(left, -1.0).amax(dim=-1)).all(), "none that is left out is likelier"


@given(seeds)
def test_the_likeliest_always_stays(seed: int) -> None:
    logits = random_logits(seed)
    for choice in ({"top_p": 1e-9}, {"min_p": 1.0}, {"top_k": 1}, {"top_k": 1, "top_p": 1e-9, "min_p": 1.0}):
        assert (kept(logits, **choice) == (logits == logits.amax(dim=-1, keepdim=True))).all()


@given(seeds)
def test_what_rules_nothing_out_changes_nothing(seed: int) -> None:
    logits = random_logits(seed) * 20  # the least likely are so by far less than rounding
    assert torch.equal(allowed(logits, Sampling(top_k=VOCABULARY, top_p=1.0, min_p=0.0)), logits)


@given(seeds, st.floats(0.0, 1.0))
def test_min_p_asks_for_a_share_of_the_likeliest(seed: int, p: float) -> None:
    logits = random_logits(seed)
    probabilities = logits.softmax(dim=-1)
    left = kept(logits, min_p=p)
    shares = probabilities / probabilities.amax(dim=-1, keepdim=True)
    assert left[shares >= p + 1e-9].all()
    assert not left[shares < p - 1e-9].any()


@given(seeds, st.floats(1.01, 5.0))
def test_repetition_makes_less_likely_what_is_there_and_nothing_else(seed: int, penalty: float) -> None:
    logits = random_logits(seed)
    texts = [[0, 4, 4], [10], [3, 2, 1]]
    there = torch.tensor([[token in text for token in range(VOCABULARY)] for text in texts])
    after = penalised(logits, texts, penalty)
    assert (after[there] < logits[there]).all()
    assert torch.equal(after[~there], logits[~there])
    assert torch.allclose(penalised(after, texts, 1 / penalty), logits)


def test_repetition_counts_before_the_likeliest_is_taken() -> None:
    logits = torch.tensor([[2.0, 1.5, -1.0]])
    assert draw(logits, [[0]], temperature=0.0, repetition_penalty=2.0) == [1]
    assert draw(logits, [[2]], temperature=0.0, repetition_penalty=2.0) == [0]


def test_temperature_counts_before_tokens_are_ruled_out() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0]]).expand(400, -1)
    assert set(draw(logits, temperature=0.2, min_p=0.1)) == {0}
    assert set(draw(logits, temperature=5.0, min_p=0.1)) == {0, 1, 2}


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(temperature: float) -> None:
    logits, count = random_logits(5, rows=1), 20_000
    expected = (logits[0] / temperature).softmax(dim=-1)
    error = frequencies(logits, count, temperature=temperature) - expected
    # A share of `count` draws has the standard deviation √(p (1 − p) / count); 5 of them are passed once in 10⁶ times.
    assert (error.abs() <= 5 * (expected * (1 - expected) / count).sqrt()).all()


def test_what_is_ruled_out_is_never_drawn_and_the_rest_keeps_its_odds() -> None:
    logits, count = random_logits(6, rows=1), 20_000
    left = kept(logits, top_k=3)[0]
    shares = frequencies(logits, count, top_k=3)
    expected = logits[0].masked_fill(~left, -math.inf).softmax(dim=-1)
    assert (shares[~left] == 0).all()
    assert ((shares - expected).abs() <= 5 * (expected * (1 - expected) / count).sqrt()).all()


@given(seeds)
def test_a_row_is_what_it_would_be_alone_with_a_seed_of_its_own(seed: int) -> None:
    batch, alone = samplers(Sampling(seed=seed), ROWS), [Sampler(Sampling(seed=seed + i)) for i in range(ROWS)]
    for step in range(4):
        logits = random_logits(step)
        singles = [draw_rows([one], logits[i : i + 1], [[0]])[0] for i, one in enumerate(alone)]
        assert draw_rows(batch, logits, [[0]] * ROWS) == singles


@given(seeds)
def test_rows_with_options_of_their_own_are_what_they_would_be_alone(seed: int) -> None:
    options = [
        Sampling(seed=seed, temperature=0.7, top_p=0.8),
        Sampling(seed=seed, temperature=0.0),
        Sampling(seed=seed + 1, temperature=2.0, top_k=4, repetition_penalty=1.7),
        Sampling(seed=seed + 2, temperature=0.7, top_p=0.8),
        Sampling(seed=seed + 3, min_p=0.2, temperature=3.0),
    ]
    texts = [[1], [2, 3], [4, 5, 6], [7], [8, 9]]
    batch, alone = [Sampler(one) for one in options], [Sampler(one) for one in options]
    for step in range(3):
        logits = random_logits(seed + step, len(options)).float()
        singles = [draw_rows([alone[i]], logits[i : i + 1], [texts[i]])[0] for i in range(len(options))]
        assert draw_rows(batch, logits, texts) == singles


@given(seeds, st.floats(1e-3, 1.0), st.sampled_from([0.3, 3.0, 30.0]), st.booleans(), st.integers(2, 700))
def test_the_nucleus_is_that_of_a_full_sort(seed: int, p: float, spread: float, ties: bool, size: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = spread * torch.randn(ROWS, size, generator=generator, dtype=torch.double)
    probabilities = (logits.round() if ties else logits).softmax(dim=-1)
    assert torch.equal(nucleus(probabilities, p), plain_nucleus(probabilities, p))
    edge = float(probabilities[0].sort(descending=True).values.cumsum(0)[size // 2].clamp(max=1))  # a sum that occurs
    assert torch.equal(nucleus(probabilities, edge), plain_nucleus(probabilities, edge))


def test_only_the_likely_tokens_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(probabilities: Tensor, top_p: float) -> Tensor:
        sizes.append(probabilities.shape[-1])
        return plain_nucleus(probabilities, top_p)

    monkeypatch.setattr("cutaway.generation.sampling.plain_nucleus", watched)
    probabilities = torch.full((2, 5000), 1e-6, dtype=torch.double)
    probabilities[:, 100:110] = (1 - 4990e-6) / 10
    assert nucleus(probabilities, 0.9).sum(dim=-1).tolist() == [10, 10]
    assert sizes == [10, 10]


def test_the_same_seed_draws_the_same_and_another_draws_anew() -> None:
    def tokens(seed: int) -> list[int]:
        sampler = Sampler(Sampling(seed=seed))
        return [draw_rows([sampler], torch.zeros(1, VOCABULARY), [[0]])[0] for _ in range(40)]

    assert tokens(3) == tokens(3) != tokens(4)
    assert len(set(tokens(3))) > 5, "each step draws anew"


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32])
def test_logits_may_be_of_any_precision(precision: torch.dtype) -> None:
    logits = random_logits(1).to(precision)
    assert draw(logits, seed=1) == draw(logits.double(), seed=1)


@pytest.mark.parametrize(
    ("choice", "demand"),
    [
        ({"temperature": -0.1}, "temperature must be 0"),
        ({"temperature": math.nan}, "temperature must be 0"),
        ({"temperature": math.inf}, "temperature must be 0"),
        ({"top_k": 0}, "top_k must be 1"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_p": 1.1}, "top_p must be above 0"),
        ({"min_p": -0.1}, "min_p must be between"),
        ({"min_p": 1.1}, "min_p must be between"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be above 0"),
        ({"repetition_penalty": math.inf}, "repetition_penalty must be above 0"),
        ({"seed": -1}, "seed must be 0"),
        ({"seed": 2**63}, "seed must be 0"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(choice: dict[str, Any], demand: str) -> None:
    with pytest.raises(UserError, match=demand):
        Sampling(**choice)


def test_the_largest_seed_serves_a_batch() -> None:
    assert len(draw(random_logits(0), seed=2**63 - 1)) == ROWS
