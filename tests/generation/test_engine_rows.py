"""The rows of the engine's cache: no other text sees what is left in them, and none that begins so reads it again."""

import itertools
import math

import pytest

from cutaway.generation.engine import REUSED, Engine, Request
from cutaway.generation.sampling import Sampling
from generation.asked import CONTEXT, MODELS, ROWS, model_of, reads, requests, uncached

pytestmark = pytest.mark.usefixtures("unchecked")

every_model = pytest.mark.parametrize("kind", MODELS)


@every_model
def test_a_retired_row_leaks_nothing_into_the_next_text(kind: str) -> None:
    """Not even values that are no numbers, which no weight of attention makes zero."""
    model = model_of(kind)
    engine = Engine(model, CONTEXT, rows=2)
    long = [engine.submit(Request(tuple(range(10 + i)), max_new_tokens=12 - i)) for i in range(2)]
    for _ in range(4):
        engine.step()
    for layer in engine.cache.layers:
        for tensor in layer.tensors.values():
            for row in range(2):
                tensor[row, :, : len(engine._held[row])] = math.nan
    for handle in long:
        handle.cancel()
    asked = [Request((33 + i, 7, 2)[: 3 - i], Sampling(seed=i), 9) for i in range(2)]
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert [handle.tokens for handle in handles] == [uncached(model, request) for request in asked]


def test_slots_behind_a_text_are_empty_whoever_was_there() -> None:
    engine = Engine(model_of(), CONTEXT, rows=ROWS, chunk=4)
    for request in requests(12, seed=3):
        engine.submit(request)
    while not engine.is_idle:
        engine.step()
        for layer, (name, row) in itertools.product(engine.cache.layers, itertools.product(("key", "value"), range(3))):
            held = len(engine._held[row])
            assert (layer.tensors[name][row, :, :held] != 0).any(dim=-1).all()
            assert (layer.tensors[name][row, :, held:] == 0).all()


def test_the_memory_of_the_cache_does_not_grow() -> None:
    engine = Engine(model_of(), CONTEXT, rows=ROWS, chunk=4)

    def places() -> list[tuple[int, int]]:
        tensors = [tensor for layer in engine.cache.layers for tensor in layer.tensors.values()]
        return [(tensor.data_ptr(), tensor.untyped_storage().nbytes()) for tensor in tensors]

    before = places()
    for request in requests(20, seed=2):
        engine.submit(request)
    list(engine.run())
    assert places() == before
    assert engine.cache.nbytes == sum(size for _, size in before)


LONG = tuple(range(1, REUSED + 3))
TEXTS = [LONG, (*LONG, 30), (*LONG[:-1], 9, 8), LONG, LONG[: REUSED - 1], (*LONG[: REUSED - 1], 35), (6,), LONG]
READ = [len(LONG), 1, 2, 1, REUSED - 1, REUSED, 1, len(LONG)]


@pytest.mark.parametrize("kind", ["learned", "rotary", "alibi", "grouped with a window", "latent"])
def test_what_a_row_holds_is_not_read_again(kind: str) -> None:
    model = model_of(kind)
    expected = [uncached(model, Request(text, Sampling(seed=3), 2)) for text in TEXTS]
    shapes, engine = reads(model), Engine(model, CONTEXT, rows=1)
    for text, tokens, new in zip(TEXTS, expected, READ, strict=True):
        shapes.clear()
        assert list(engine.stream(engine.submit(Request(text, Sampling(seed=3), 2)))) == tokens
        assert shapes == [(1, new), (1, 1)]


def test_a_prompt_is_read_once_for_several_samples() -> None:
    model = model_of()
    asked = [Request(LONG, Sampling(seed=i), 4) for i in range(5)]
    expected = [uncached(model, request) for request in asked]
    shapes, engine = reads(model), Engine(model, CONTEXT, rows=5)
    handles = [engine.submit(request) for request in asked]
    list(engine.run())
    assert shapes[:5] == [(1, len(LONG)), *[(1, 1)] * 4]
    assert [handle.tokens for handle in handles] == expected
