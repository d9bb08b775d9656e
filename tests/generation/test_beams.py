"""Beam search finds what an exhaustive search finds where it may look everywhere, and nothing is lost by stopping."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.errors import UserError
from cutaway.generation.beams import BeamOptions, BeamStepDecoder, beam_search
from cutaway.generation.decoding import decode
from cutaway.generation.hypotheses import Finished, Hypothesis
from cutaway.generation.sampling import Sampling
from cutaway.generation.step_decoders import CachedSeq2SeqDecoder, PromptStepDecoder, UncachedSeq2SeqDecoder
from cutaway.model.transformer import EncoderDecoder
from generation.translators import BEGIN, END, sources, translator
from variants import LATENT, POSITIONS, VOCABULARY, variant

pytestmark = pytest.mark.usefixtures("unchecked")

PAD, TINY, STEPS = 0, 6, 7
FORBIDDEN = (PAD, BEGIN)
PENALTIES = [0.0, 0.6, 2.0]

every_penalty = pytest.mark.parametrize("penalty", PENALTIES)


class Rereading:
    """Rows that know their texts and their sources, and read both anew each time."""

    def __init__(self, model: EncoderDecoder, source: Tensor, mask: Tensor) -> None:
        self._model, self._source, self._mask = model, source, mask
        self._texts: list[list[int]] = [[] for _ in source]

    def step(self, tokens: Tensor) -> Tensor:
        self._texts = [[*text, token] for text, token in zip(self._texts, tokens.tolist(), strict=True)]
        return UncachedSeq2SeqDecoder(self._model, self._source, self._mask)(self._texts)

    def reorder(self, rows: Tensor) -> None:
        self._source, self._mask = self._source[rows], self._mask[rows]
        self._texts = [self._texts[row] for row in rows.tolist()]


class Watched:
    """A decoder that counts the rows of each step, and how often they are put in a new order."""

    def __init__(self, decoder: BeamStepDecoder) -> None:
        self._decoder = decoder
        self.rows: list[int] = []
        self.orders = 0

    def step(self, tokens: Tensor) -> Tensor:
        self.rows.append(len(tokens))
        return self._decoder.step(tokens)

    def reorder(self, rows: Tensor) -> None:
        self.orders += 1
        self._decoder.reorder(rows)


def told(model: EncoderDecoder, source: Tensor, texts: Sequence[Sequence[int]], vocabulary: int) -> list[float]:
    """Log-probabilities of texts of one length, as the model itself gives them where some tokens are ruled out."""
    written = torch.tensor(texts)
    begun = F.pad(written[:, :-1], (1, 0), value=BEGIN)
    logits = model(begun, source=source.expand(len(texts), -1))[:, :, :vocabulary].double()
    logits[:, :, list(FORBIDDEN)] = -torch.inf
    return logits.log_softmax(dim=-1).gather(2, written[:, :, None]).sum(dim=(1, 2)).tolist()


def every_text(model: EncoderDecoder, source: Tensor, longest: int) -> dict[tuple[int, ...], float]:
    """All texts that a model may write behind a source, by force, and their log-probabilities."""
    allowed = [token for token in range(TINY) if token not in (*FORBIDDEN, END)]
    kinds = [[(*body, END) for body in itertools.product(allowed, repeat=n)] for n in range(longest)]
    kinds.append(list(itertools.product(allowed, repeat=longest)))
    return {text: p for texts in kinds for text, p in zip(texts, told(model, source, texts, TINY), strict=True)}


def ranked(texts: dict[tuple[int, ...], float], options: BeamOptions) -> list[Hypothesis]:
    """The best of them."""
    penalty = options.length_penalty
    found = [
        Hypothesis(text[:-1] if text[-1] == END else text, p, p / ((5 + len(text)) / 6) ** penalty)
        for text, p in texts.items()
    ]
    return sorted(found, key=lambda one: -one.score)[: options.n_best]


def search(decoder: BeamStepDecoder, rows: int, vocabulary: int = VOCABULARY, **options: Any) -> list[list[Hypothesis]]:
    choices = BeamOptions(**{"max_new_tokens": STEPS, **options})
    return beam_search(decoder, [BEGIN] * rows, choices, vocabulary=vocabulary, end=END, forbidden=FORBIDDEN)


def translate(model: EncoderDecoder, **options: Any) -> list[list[Hypothesis]]:
    source, mask = sources()
    return search(
        CachedSeq2SeqDecoder(model, source, mask, options.get("max_new_tokens", STEPS)), len(source), **options
    )


def same(a: list[list[Hypothesis]], b: list[list[Hypothesis]]) -> bool:
    """Whether the same texts were found for every sentence, with the same scores but for rounding."""
    assert [[one.tokens for one in found] for found in a] == [[one.tokens for one in found] for found in b]
    pairs = zip(itertools.chain(*a), itertools.chain(*b), strict=True)
    return all(
        x.score == pytest.approx(y.score, abs=1e-4) and x.log_probability == pytest.approx(y.log_probability, abs=1e-4)
        for x, y in pairs
    )


@every_penalty
def test_one_beam_is_greedy(penalty: float) -> None:
    model, (source, mask) = translator(), sources()
    decoder = CachedSeq2SeqDecoder(model, source, mask, STEPS)
    ruled_out = torch.zeros(VOCABULARY).index_fill(0, torch.tensor(FORBIDDEN), -torch.inf)
    steps = decode(lambda texts: decoder(texts) + ruled_out, [[BEGIN]] * len(source), Sampling(temperature=0.0), STEPS)
    greedy = [[*itertools.takewhile(lambda token: token != END, text)] for text in zip(*steps, strict=True)]
    assert [list(found[0].tokens) for found in translate(model, num_beams=1, length_penalty=penalty)] == greedy
    assert len({len(text) for text in greedy}) > 1, "some end before others"


def test_beams_as_wide_as_the_whole_space_find_the_best_of_all_texts() -> None:
    model, longest = translator(vocabulary=TINY + 2), 4  # three tokens may be written, and the end
    source, mask = (rows[1:3] for rows in sources(TINY))
    texts = [every_text(model, row[keep], longest) for row, keep in zip(source, mask, strict=True)]
    assert len(texts[0]) == 1 + 3 + 9 + 27 + 81
    for penalty, n_best in itertools.product(PENALTIES, [1, 5, 200]):
        options = BeamOptions(num_beams=324, length_penalty=penalty, max_new_tokens=longest, n_best=n_best)
        decoder = CachedSeq2SeqDecoder(model, source, mask, longest)
        found = beam_search(decoder, [BEGIN] * len(source), options, vocabulary=TINY, end=END, forbidden=FORBIDDEN)
        assert same(found, [ranked(all_of_them, options) for all_of_them in texts])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("attention", [{"heads": 3, "head_width": 6, "bias": True}, LATENT], ids=["grouped", "latent"])
def test_cached_equals_uncached(position: str, attention: dict[str, Any]) -> None:
    model, (source, mask) = translator(position=position, attention=attention), (rows[:3] for rows in sources())
    cached = search(CachedSeq2SeqDecoder(model, source, mask, STEPS), 3, num_beams=3, n_best=3)
    assert same(cached, search(Rereading(model, source, mask), 3, num_beams=3, n_best=3))


@every_penalty
def test_a_padded_batch_equals_each_sentence_alone(penalty: float) -> None:
    model, (source, mask), choices = translator(), sources(), {"num_beams": 4, "n_best": 2, "length_penalty": penalty}
    rows = ((row[keep][None], keep[keep][None]) for row, keep in zip(source, mask, strict=True))
    alone = [search(CachedSeq2SeqDecoder(model, *row, STEPS), 1, **choices)[0] for row in rows]
    assert same(translate(model, **choices), alone)


@every_penalty
def test_n_best_are_sorted_distinct_and_as_likely_as_the_model_says(penalty: float) -> None:
    model, (source, mask) = translator(), sources()
    for row, keep, found in zip(
        source, mask, translate(model, num_beams=5, n_best=4, length_penalty=penalty), strict=True
    ):
        assert len({one.tokens for one in found}) == len(found) == 4
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        for one in found:
            text = one.tokens if len(one.tokens) == STEPS else (*one.tokens, END)
            assert one.log_probability == pytest.approx(told(model, row[keep], [text], VOCABULARY)[0], abs=1e-4)
            assert one.score == pytest.approx(one.log_probability / ((5 + len(text)) / 6) ** penalty)


@every_penalty
@pytest.mark.parametrize("n_best", [1, 3])
def test_stopping_early_loses_nothing(penalty: float, n_best: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, (source, mask) = translator(), sources()
    choices = {"num_beams": 3, "n_best": n_best, "length_penalty": penalty, "max_new_tokens": 12}
    stopping, going_on = (Watched(CachedSeq2SeqDecoder(model, source, mask, 12)) for _ in range(2))
    stopped = search(stopping, len(source), **choices)
    monkeypatch.setattr(Finished, "worst", property(lambda self: torch.full_like(self.scores[:, -1], -torch.inf)))
    assert same(stopped, search(going_on, len(source), **choices))
    assert penalty or sum(stopping.rows) < sum(going_on.rows), "it did stop"


def test_sentences_leave_the_batch_when_they_are_done() -> None:
    model, (source, mask) = translator(), sources()
    watched = Watched(CachedSeq2SeqDecoder(model, source, mask, STEPS))
    found = search(watched, len(source), num_beams=1, length_penalty=0.0)
    lengths = [min(len(one.tokens) + 1, STEPS) for [one] in found]
    assert watched.rows == [sum(length > step for length in lengths) for step in range(max(lengths))]
    assert watched.orders == len(set(lengths)), "one beam has no order to change"


def test_neither_the_end_nor_what_is_forbidden_or_unknown_is_ever_written() -> None:
    model = translator()
    with torch.no_grad():
        model.head.projection.bias[[*FORBIDDEN, VOCABULARY - 1]] += 50  # all that may not be written is most likely
    found = translate(model, num_beams=5, n_best=5, vocabulary=VOCABULARY - 1)
    assert not {END, *FORBIDDEN, VOCABULARY - 1} & {token for texts in found for one in texts for token in one.tokens}


def test_without_an_end_every_text_is_of_full_length() -> None:
    model, (source, mask) = translator(), sources()
    options = BeamOptions(num_beams=3, n_best=3, max_new_tokens=4)
    decoder = CachedSeq2SeqDecoder(model, source, mask, 4)
    found = beam_search(decoder, [BEGIN] * len(source), options, vocabulary=VOCABULARY, end=None)
    assert {len(one.tokens) for texts in found for one in texts} == {4}
    assert END in {token for texts in found for one in texts for token in one.tokens}


@every_penalty
def test_prompts_of_different_lengths_are_written_on_as_each_alone(penalty: float) -> None:
    model, prompts = variant(position="rotary").eval().requires_grad_(False), [[5, 1, 30], [17], [2, 9, 9, 14, 3]]
    options = BeamOptions(num_beams=3, n_best=2, max_new_tokens=STEPS, length_penalty=penalty)

    def write_on(prompts: list[list[int]]) -> list[list[Hypothesis]]:
        last = [prompt[-1] for prompt in prompts]
        return beam_search(PromptStepDecoder(model, prompts, STEPS), last, options, vocabulary=VOCABULARY, end=END)

    found = write_on(prompts)
    assert same(found, [write_on([prompt])[0] for prompt in prompts])
    for prompt, texts in zip(prompts, found, strict=True):
        for one in texts:
            text = one.tokens if len(one.tokens) == STEPS else (*one.tokens, END)
            logits = model(torch.tensor([[*prompt, *text[:-1]]]))[0, len(prompt) - 1 :].double()
            likely = float(logits.log_softmax(dim=-1)[range(len(text)), list(text)].sum())
            assert one.log_probability == pytest.approx(likely, abs=1e-4)


def test_no_sentences_give_no_texts() -> None:
    model = translator()
    decoder = CachedSeq2SeqDecoder(model, torch.zeros(0, 4, dtype=torch.long), torch.zeros(0, 4, dtype=torch.bool), 3)
    assert search(decoder, 0) == []


@pytest.mark.parametrize(
    ("choice", "demand"),
    [
        ({"num_beams": 0}, "num_beams must be 1"),
        ({"length_penalty": -0.1}, "length_penalty must be 0"),
        ({"length_penalty": float("nan")}, "length_penalty must be 0"),
        ({"length_penalty": float("inf")}, "length_penalty must be 0"),
        ({"max_new_tokens": 0}, "max_new_tokens must be 1"),
        ({"n_best": 0}, "n_best must be 1"),
        ({"num_beams": 3, "n_best": 4}, "no more than the 3 beams"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(choice: dict[str, Any], demand: str) -> None:
    with pytest.raises(UserError, match=demand):
        BeamOptions(**choice)
