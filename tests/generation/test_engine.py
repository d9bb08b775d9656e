"""What the engine writes for a request is what it writes for it alone, and what a model writes that reads it anew."""

import itertools
import random
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.generation.decoding import score_last
from cutaway.generation.engine import Engine, Handle, Request
from cutaway.generation.sampling import Sampling
from generation.asked import CONTEXT, MODELS, ROWS, alone, model_of, reads, requests, uncached
from variants import variant

pytestmark = pytest.mark.usefixtures("unchecked")

every_model = pytest.mark.parametrize("kind", MODELS)


@every_model
def test_a_batch_is_each_request_alone_and_without_a_cache(kind: str) -> None:
    model, asked = model_of(kind), requests(9, seed=1)
    engine = Engine(model, CONTEXT, rows=ROWS, chunk=4)
    handles = [engine.submit(request) for request in asked]
    events = list(engine.run())
    assert [handle.tokens for handle in handles] == [uncached(model, request) for request in asked]
    assert [handle.tokens for handle in handles] == [alone(model, request) for request in asked]
    assert len({tuple(handle.tokens) for handle in handles}) > len(handles) // 2, "the requests matter"
    for handle in handles:
        own = [event for event in events if event.handle is handle]
        assert [event.token for event in own] == handle.tokens
        assert [event.finished for event in own] == [None] * (len(own) - 1) + [handle.finished]
        assert handle.finished == ("end" if handle.tokens[-1] in handle.request.ends else "length")


@pytest.mark.parametrize("seed", range(8))
@every_model
def test_arrivals_and_cancellations_change_no_other_text(kind: str, seed: int) -> None:
    chance, model, asked = random.Random(seed), model_of(kind), requests(7, seed)
    engine = Engine(model, CONTEXT, rows=chance.randint(1, 4), chunk=chance.randint(1, 9))
    handles: list[Handle] = []
    while len(handles) < len(asked) or not engine.is_idle:
        coming = asked[len(handles) :][: chance.randint(0, 3)]
        handles += [engine.submit(request) for request in coming]
        engine.step()
        if handles and chance.random() < 0.2:
            chance.choice(handles).cancel()
    for handle in handles:
        expected = uncached(model, handle.request)
        assert handle.finished is not None
        assert handle.tokens == (expected[: len(handle.tokens)] if handle.finished == "cancelled" else expected)


@every_model
def test_a_text_that_slides_is_what_it_is_without_a_cache(kind: str) -> None:
    context = 9
    model = variant(context=context, **MODELS[kind]).eval()
    asked = [Request(tuple(range(1, n)), Sampling(seed=n), 26, id=n) for n in (2, 5, 12, 4, 8)]
    engine = Engine(model, context, rows=ROWS, chunk=3, context_overflow="slide")
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert [handle.tokens for handle in handles] == [uncached(model, request, context) for request in asked]


@pytest.mark.parametrize("context", [1, 2, 3])
def test_any_context_slides(context: int) -> None:
    model = variant(position="learned", context=context).eval()
    request = Request((5, 1, 30), Sampling(seed=2), 9)
    engine = Engine(model, context, rows=1, context_overflow="slide")
    assert list(engine.stream(engine.submit(request))) == uncached(model, request, context)


def test_a_text_that_may_outgrow_the_context_is_refused() -> None:
    engine = Engine(model_of(), CONTEXT)
    engine.submit(Request((1,) * 20, max_new_tokens=4))  # the last token is not read
    with pytest.raises(UserError, match=r"20 tokens and 5 new ones outgrows the context of 23.*context_overflow=slide"):
        engine.submit(Request((1,) * 20, max_new_tokens=5))
    with pytest.raises(ValueError, match="the cache has 7 slots per text, and 8 are needed"):
        Engine(model_of(), CONTEXT, slots=7).submit(Request((1, 2, 3), max_new_tokens=6))


def test_a_request_without_tokens_is_refused() -> None:
    with pytest.raises(UserError, match="a prompt needs at least one token"):
        Request(())
    with pytest.raises(UserError, match="max_new_tokens must be 1 or more"):
        Request((1,), max_new_tokens=0)


def test_a_step_computes_live_rows_only() -> None:
    model = model_of()
    shapes, engine = reads(model), Engine(model, CONTEXT, rows=8)
    for length, new in ((3, 5), (4, 2), (6, 3)):
        engine.submit(Request(tuple(range(length)), max_new_tokens=new))
    list(engine.run())
    assert shapes == [(1, 3), (1, 4), (1, 6), (3, 1), (2, 1), (1, 1), (1, 1)]


def test_a_long_prompt_is_read_in_pieces_between_the_steps_of_others() -> None:
    model = model_of()
    shapes, engine = reads(model), Engine(model, CONTEXT, rows=2, chunk=5)
    first = engine.submit(Request((1, 2), max_new_tokens=9))
    engine.step()
    second = engine.submit(Request(tuple(range(17)), max_new_tokens=2))
    counts = [len(first.tokens)]
    while not engine.is_idle:
        engine.step()
        counts.append(len(first.tokens))
    assert shapes[:9] == [(1, 2), (1, 1), (1, 5), (1, 1), (1, 5), (1, 1), (1, 5), (1, 1), (1, 2)]
    assert counts == list(range(1, 10)), "it gets a token in every step"
    assert second.tokens == alone(model, second.request)


def test_a_prompt_that_nobody_waits_for_is_read_at_once() -> None:
    model = model_of()
    shapes = reads(model)
    alone(model, Request(tuple(range(17)), max_new_tokens=2), chunk=5)
    assert shapes == [(1, 17), (1, 1)]


def test_prompts_of_one_length_are_read_together() -> None:
    model = model_of()
    asked = [Request((i, 9, 2, 4, 1), Sampling(seed=i), 3) for i in range(5)]
    expected = [uncached(model, request) for request in asked]
    shapes, engine = reads(model), Engine(model, CONTEXT, rows=4)
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert shapes[:3] == [(4, 5), (4, 1), (4, 1)]
    assert [handle.tokens for handle in handles] == expected
    shapes.clear()
    engine = Engine(model, CONTEXT, rows=4, chunk=3)
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert shapes[:4] == [(2, 5), (1, 2), (2, 1), (1, 3)], "no more at once than four times a chunk, and then a chunk"
    assert [handle.tokens for handle in handles] == expected


def test_one_text_is_computed_as_a_cache_of_its_own_does() -> None:
    model, prompt = model_of(), torch.tensor([[5, 1, 30, 8]])
    logits = []
    model.register_forward_hook(lambda *given: logits.append(given[-1]))
    tokens = alone(model, Request((5, 1, 30, 8), Sampling(temperature=0.0), 3))
    found, cache = logits.copy(), model.make_cache(1, CONTEXT)
    with torch.inference_mode():
        model(prompt, cache=cache, read=score_last)
        model(torch.tensor([tokens[:1]]), cache=cache, read=score_last)
    for ours, plain in zip(found, logits[3:], strict=False):
        assert torch.equal(ours, plain)


def test_a_cancelled_request_ends_wherever_it_is() -> None:
    model = model_of()
    engine = Engine(model, CONTEXT, rows=2, chunk=3)
    decoding, reading, waiting, other = (
        engine.submit(Request(tuple(range(n, n + length)), max_new_tokens=8))
        for n, length in ((0, 2), (3, 15), (5, 4), (8, 3))
    )
    engine.step()
    engine.step()
    assert decoding.tokens
    assert not reading.tokens
    for handle in (decoding, reading, waiting):
        handle.cancel()
    counts = [len(handle.tokens) for handle in (decoding, reading, waiting)]
    list(engine.run())
    assert [handle.finished for handle in (decoding, reading, waiting, other)] == ["cancelled"] * 3 + ["length"]
    assert [len(handle.tokens) for handle in (decoding, reading, waiting)] == counts
    assert other.tokens == uncached(model, other.request)
    decoding.cancel()
    other.cancel()
    assert other.finished == "length", "what has ended cannot be cancelled"


def test_a_step_that_fails_can_be_repeated() -> None:
    model = model_of()
    engine = Engine(model, CONTEXT, rows=ROWS)
    handles = [engine.submit(request) for request in requests(5, seed=4)]
    last, calls = model.decoder.blocks[-1], itertools.count()

    def interrupt(*_: Any) -> None:
        if next(calls) % 3 == 1:
            raise KeyboardInterrupt

    hook = last.register_forward_pre_hook(interrupt)
    while not engine.is_idle:
        try:
            engine.step()
        except KeyboardInterrupt:
            continue
    hook.remove()
    assert [handle.tokens for handle in handles] == [uncached(model, handle.request) for handle in handles]


def test_several_texts_stream_from_one_engine() -> None:
    model = model_of()
    engine, asked = Engine(model, CONTEXT, rows=2), requests(4, seed=5)
    streams = [engine.stream(engine.submit(request)) for request in asked]
    taken = [
        [token for token in row if token is not None] for row in zip(*itertools.zip_longest(*streams), strict=True)
    ]
    assert taken == [uncached(model, request) for request in asked]


def test_tokens_that_the_tokenizer_lacks_are_never_drawn() -> None:
    model = model_of()
    engine = Engine(model, CONTEXT, vocabulary=3)
    tokens = list(engine.stream(engine.submit(Request((1, 2), Sampling(temperature=9.0), 20))))
    assert set(tokens) == {0, 1, 2}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_other_precisions_are_cached_as_they_are(dtype: torch.dtype) -> None:
    model, asked = model_of().to(dtype), requests(4, seed=6)
    engine = Engine(model, CONTEXT, rows=4)
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert all(tensor.dtype == dtype for layer in engine.cache.layers for tensor in layer.tensors.values())
    assert [handle.tokens[0] for handle in handles] == [alone(model, request)[0] for request in asked]
