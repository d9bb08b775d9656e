"""Whatever a draft proposes, texts have the distribution of the model; greedy ones are those of the engine."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.generation.drafters import DraftModel, PromptLookup
from cutaway.generation.engine import Request
from cutaway.generation.sampling import Sampler, Sampling, distributions
from cutaway.generation.speculative import Draft, Drafter, Proposal, SpeculativeGenerator, verify
from cutaway.model.transformer import DecoderOnly
from cutaway.tap import capture
from generation.asked import CONTEXT, MODELS, model_of, reads, requests, uncached
from variants import VOCABULARY, variant

pytestmark = pytest.mark.usefixtures("unchecked")

SMALL = 5
"""A vocabulary whose texts can be enumerated."""


class Fixed:
    """Proposes the same tokens after every text, with certainty."""

    def __init__(self, *tokens: int, vocabulary: int = VOCABULARY) -> None:
        self.tokens = tokens
        self.vocabulary = vocabulary

    def propose(self, text: Sequence[int], count: int, sampler: Sampler) -> Proposal:
        given = list(self.tokens[:count])
        return Proposal(given, torch.nn.functional.one_hot(torch.tensor(given), self.vocabulary).double())


class Wrong:
    """Proposes tokens that a greedy model never takes."""

    def __init__(self, model: DecoderOnly) -> None:
        self.model = model

    def propose(self, text: Sequence[int], count: int, sampler: Sampler) -> Proposal:
        best = uncached(self.model, Request(tuple(text), sampler.options, 1))[0]
        return Fixed(*[(best + 1) % VOCABULARY] * count).propose(text, count, sampler)


def other_model(**choices: Any) -> DecoderOnly:
    """A smaller model that agrees with the others now and then only."""
    return variant(context=CONTEXT, layers=1, position="rotary", **choices).eval()


def drafters(model: DecoderOnly) -> dict[str, Drafter]:
    return {
        "lookup": PromptLookup(VOCABULARY),
        "itself": DraftModel(model, CONTEXT),
        "smaller": DraftModel(other_model(), CONTEXT),
        "a small context": DraftModel(other_model(), 5),
        "wrong": Wrong(model),
    }


def written(model: DecoderOnly, request: Request, draft: Draft) -> list[int]:
    return list(SpeculativeGenerator(model, CONTEXT, draft).stream(request))


def greedy(request: Request) -> Request:
    penalty = request.sampling.repetition_penalty
    return Request(
        request.prompt, Sampling(temperature=0, repetition_penalty=penalty), request.max_new_tokens, request.ends
    )


@pytest.mark.parametrize("kind", MODELS)
def test_a_greedy_text_is_that_of_the_model_whatever_is_proposed(kind: str) -> None:
    model, asked = model_of(kind), [greedy(request) for request in requests(9, seed=3)]
    expected = [uncached(model, request) for request in asked]
    assert max(map(len, expected)) > 7, "the texts are not short"
    for name, drafter in drafters(model).items():
        draft = Draft(drafter, count=3)
        assert [written(model, request, draft) for request in asked] == expected, name
        assert draft.generated == sum(map(len, expected))
        assert draft.proposed > 0
        if name == "wrong":
            assert (draft.accepted, draft.passes) == (0, draft.generated)


@pytest.mark.parametrize("most", range(1, 12))
def test_a_text_ends_at_its_length_inside_a_run(most: int) -> None:
    model = model_of()
    request = Request((5, 1, 30), Sampling(temperature=0.0), most)
    draft = Draft(DraftModel(model, CONTEXT), count=4)
    assert written(model, request, draft) == uncached(model, request)
    assert (draft.passes, draft.acceptance) == (math.ceil(most / 5), float(most > 1))


def test_a_text_ends_at_an_end_inside_a_run() -> None:
    model = model_of()
    whole = uncached(model, Request((5, 1, 30), Sampling(temperature=0.0), 12))
    for end in set(whole):
        request = Request((5, 1, 30), Sampling(temperature=0.0), 12, frozenset({end}))
        draft = Draft(DraftModel(model, CONTEXT), count=7)
        found = written(model, request, draft)
        assert found == whole[: whole.index(end) + 1]
        assert draft.generated == len(found)
        assert draft.accepted == len(found) - len(found) // 8


def test_a_text_may_fill_the_context_and_no_more() -> None:
    model = model_of("learned")  # it has no position after the context
    request = Request((1,) * 9, Sampling(temperature=0.0), CONTEXT - 9 + 1)
    for name, drafter in drafters(model).items():
        assert written(model, request, Draft(drafter, count=6)) == uncached(model, request), name
    generator = SpeculativeGenerator(model, CONTEXT, Draft(PromptLookup(VOCABULARY)))
    with pytest.raises(UserError, match=r"9 tokens and 16 new ones outgrows the context of 23.*cannot slide"):
        generator.stream(Request((1,) * 9, max_new_tokens=16))
    with pytest.raises(UserError, match="1 token or more at once, not 0"):
        Draft(PromptLookup(VOCABULARY), count=0)


def test_the_model_reads_each_token_once_and_rejected_ones_again() -> None:
    model = model_of()
    request = Request((5, 1, 30), Sampling(temperature=0.0), 9)
    drafter = Wrong(model_of())
    shapes = reads(model)
    written(model, request, Draft(drafter, count=2))
    assert shapes == [(1, 5)] + [(1, 3)] * 6 + [(1, 2), (1, 1)]


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_gives_the_probabilities_of_the_model(seed: int) -> None:
    """Over all random numbers, on a grid: how often each token is accepted, and what replaces it."""
    generator = torch.Generator().manual_seed(seed)
    q, p, behind = (5 * torch.rand(3, SMALL, generator=generator, dtype=torch.double)).softmax(dim=-1)
    if seed % 3 == 0:
        q = torch.nn.functional.one_hot(torch.tensor(seed % SMALL), SMALL).double()
    if seed % 4 == 0:
        p = torch.nn.functional.one_hot(torch.tensor((seed + 1) % SMALL), SMALL).double()
    assert (q - p).abs().max() > 0.1, "they differ"
    grid = [(i + 0.5) / 400 for i in range(400)]
    total = torch.zeros(SMALL, dtype=torch.double)
    for token in q.nonzero().flatten().tolist():

        def found(first: float, second: float, token: int = token) -> list[int]:
            numbers = iter([first, second])
            return verify(Proposal([token], q[None]), torch.stack([p, behind]), lambda: next(numbers))

        accepted = sum(len(found(first, 0.5)) == 2 for first in grid) / len(grid)
        total[token] += q[token] * accepted
        if accepted < 1:
            replaced = torch.tensor([found(1 - 1e-12, second)[0] for second in grid])
            total += q[token] * (1 - accepted) * replaced.bincount(minlength=SMALL) / len(grid)
    torch.testing.assert_close(total, p, atol=0.006, rtol=0)


def exact(model: DecoderOnly, prompt: tuple[int, ...], options: Sampling, new: int) -> dict[tuple[int, ...], float]:
    """The probability of each continuation, by reading every text anew."""
    found: dict[tuple[int, ...], float] = {}
    for text in itertools.product(range(SMALL), repeat=new):
        chance = 1.0
        for i in range(new):
            whole = prompt + text[:i]
            with torch.inference_mode():
                logits = model(torch.tensor([whole]))[:, -1]
            chance *= distributions(logits, options, [whole])[0, text[i]].item()
            if not chance:
                break
        found[text] = chance
    return found


OPTIONS = {
    "plain": Sampling(),
    "warm": Sampling(temperature=1.7),
    "top-k": Sampling(temperature=0.7, top_k=3),
    "top-p and a penalty": Sampling(top_p=0.85, repetition_penalty=1.4),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param("lookup", "plain", marks=pytest.mark.heavy),
        pytest.param("lookup", "top-k", marks=pytest.mark.heavy),
        pytest.param("smaller", "warm", marks=pytest.mark.heavy),
        pytest.param("smaller", "top-k", marks=pytest.mark.heavy),
        pytest.param("smaller", "top-p and a penalty", marks=pytest.mark.heavy),
        ("fixed", "plain"),
    ],
)
def test_sampled_texts_have_the_distribution_of_the_model(kind: str, name: str) -> None:
    """Pearson's chi-squared test over all texts of three tokens, at a level of one in ten thousand."""
    options, prompt, new, draws = OPTIONS[name], (3, 1, 3), 3, 600
    model = variant(vocabulary=SMALL, context=11, position="rotary", layers=1).eval()
    small = variant(vocabulary=SMALL, context=11, position="rotary", layers=1, head={"tied": False}).eval()
    expected = exact(model, prompt, options, new)
    assert sum(expected.values()) == pytest.approx(1)
    drafter: Drafter = {
        "lookup": PromptLookup(SMALL),
        "smaller": DraftModel(small, 11),
        "fixed": Fixed(2, 3, vocabulary=SMALL),
    }[kind]
    draft = Draft(drafter, count=2)
    generator = SpeculativeGenerator(model, 11, draft)
    counts = Counter(
        tuple(generator.stream(Request(prompt, Sampling(**{**vars(options), "seed": seed}), new)))
        for seed in range(draws)
    )
    assert all(expected[text] > 0 for text in counts)
    likely = [text for text, chance in expected.items() if chance * draws >= 5]
    rest = draws - sum(counts[text] for text in likely), draws * (1 - sum(expected[text] for text in likely))
    pairs = [(counts[text], draws * expected[text]) for text in likely] + ([rest] if rest[1] > 1 else [])
    statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in pairs)
    freedom = len(pairs) - 1
    assert freedom >= 3
    # Wilson and Hilferty 1931: the cube root of chi-squared over its freedom is close to normal.
    spread = 2 / (9 * freedom)
    assert ((statistic / freedom) ** (1 / 3) - 1 + spread) / math.sqrt(spread) < 3.72
    assert 0 < draft.acceptance < 1


def test_a_model_that_is_its_own_draft_accepts_all() -> None:
    model = model_of()
    draft = Draft(DraftModel(model, CONTEXT), count=4)
    for seed in range(9):
        request = Request((5, 1, 30), Sampling(temperature=0.9, top_p=0.9, seed=seed), 16)
        assert written(model, request, draft) == written(model, request, Draft(DraftModel(model, CONTEXT), count=4))
    assert draft.acceptance > 0.99
    assert draft.tokens_per_pass > 3.9


def test_lookup_proposes_what_followed_the_longest_ngram_last() -> None:
    lookup, sampler = PromptLookup(10), Sampler(Sampling())
    for text, expected in {
        (1, 2, 3, 4, 1, 2, 5, 6, 1, 2): [5, 6, 1],
        (7, 1, 2, 8, 9, 2, 4, 7, 1, 2): [8, 9, 2],
        (1, 2, 3): [],
        (4, 4): [4],
        (4,): [],
    }.items():
        proposal = lookup.propose(text, 3, sampler)
        assert list(proposal.tokens) == expected
        assert proposal.probabilities.shape == (len(expected), 10)
        assert [row[token] for row, token in zip(proposal.probabilities, expected, strict=True)] == [1] * len(expected)


@pytest.mark.parametrize("context", [2, 5, CONTEXT])
def test_a_draft_model_that_read_other_texts_proposes_as_a_fresh_one(
    context: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.generation.drafters.SLOTS", 3)  # so that the cache is replaced
    model, chance = other_model(), torch.Generator().manual_seed(0)
    used, text, seen = DraftModel(model, context), [5, 1], set()
    for seed in range(12):
        sampling = Sampling(temperature=0.9, seed=seed)
        found = used.propose(text, 3, Sampler(sampling))
        fresh = DraftModel(model, context).propose(text, 3, Sampler(sampling))
        assert found.tokens == fresh.tokens
        assert len(found.tokens) == min(3, max(1, context // 2))
        torch.testing.assert_close(found.probabilities, fresh.probabilities, rtol=1e-4, atol=1e-5)  # of fp32 logits
        seen.add(tuple(found.tokens))
        text += found.tokens[: seed % 3] + torch.randint(VOCABULARY, (1,), generator=chance).tolist()  # one is other
    assert len(text) > 20
    assert len(seen) > 6


def test_tokens_that_the_tokenizer_lacks_are_never_drawn() -> None:
    model = model_of()
    draft = Draft(DraftModel(model, CONTEXT, 3), count=2)
    generator = SpeculativeGenerator(model, CONTEXT, draft, vocabulary=3)
    tokens = list(generator.stream(Request((1, 2), Sampling(temperature=9.0), 20)))
    assert set(tokens) == {0, 1, 2}


def test_an_interrupted_pass_of_the_model_does_not_reach_the_next_text() -> None:
    model, request = model_of(), Request((5, 1, 30), Sampling(temperature=0.0), 9)
    draft = Draft(DraftModel(model, CONTEXT), count=3)
    calls = itertools.count()

    def interrupt(*_: Any) -> None:
        if next(calls) == 4:
            raise KeyboardInterrupt

    hook = model.decoder.blocks[-1].register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        written(model, request, draft)
    hook.remove()
    assert written(model, request, draft) == uncached(model, request)


def test_a_capture_sees_what_the_model_verifies() -> None:
    model, request = model_of(), Request((5, 1, 30), Sampling(temperature=0.0), 9)
    with torch.no_grad(), capture(model, "decoder.0.self_attention.pattern") as trace:
        tokens = written(model, request, Draft(Wrong(model_of()), count=2))
    assert tokens == uncached(model, request)
    assert trace["decoder.0.self_attention.pattern"].shape[-2:] == (1, 11), "of the last pass"
