"""Small decoders and random requests for the engine, and what a model writes that reads everything anew."""

import random
from typing import Any

from cutaway.generation.decoding import UncachedStepDecoder, decode
from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.model.transformer import DecoderOnly
from variants import EXPERTS, LATENT, NGRAMS, POSITIONS, VOCABULARY, variant

CONTEXT, ROWS = 23, 3
WINDOW = {"window": 4}
MODELS: dict[str, dict[str, Any]] = {
    **{position: {"position": position} for position in POSITIONS},
    "grouped with a window": {"position": "rotary", "attention": {"kv_heads": 2} | WINDOW},
    "latent": {"position": "rotary", "attention": LATENT},
    "latent with a window": {"position": "alibi", "attention": LATENT | WINDOW},
    "layers that differ": {"position": "rotary", "other_layers": {"layers": [0], "position": "none"} | WINDOW},
    "experts": {"position": "rotary", "feedforward": EXPERTS},
    "n-grams": {"embedding": {"ngrams": NGRAMS}, "position": "rotary"},
    "a softcap": {"position": "alibi", "attention": {"softcap": 2.0, "kv_heads": 2}},
}
SAMPLINGS = (
    {"temperature": 0.0},
    {"temperature": 0.8, "top_p": 0.9},
    {"temperature": 1.5, "top_k": 5},
    {"repetition_penalty": 1.3, "min_p": 0.05},
)


def model_of(kind: str = "rotary") -> DecoderOnly:
    return variant(context=CONTEXT, **MODELS[kind]).eval()


def requests(count: int, seed: int, longest: int = CONTEXT) -> list[Request]:
    """Prompts, lengths, options and seeds at random; none outgrows this length."""
    chance = random.Random(seed)
    made = []
    for i in range(count):
        prompt = tuple(chance.randrange(VOCABULARY) for _ in range(chance.randint(1, longest - 1)))
        new = chance.randint(1, longest + 1 - len(prompt))
        sampling = Sampling(**chance.choice(SAMPLINGS), seed=chance.randrange(1000))
        made.append(Request(prompt, sampling, new, frozenset(chance.sample(range(VOCABULARY), 2)), i))
    return made


def uncached(model: DecoderOnly, request: Request, context: int = CONTEXT) -> list[int]:
    """The tokens of a model that reads everything anew for each."""
    found: list[int] = []
    steps = decode(UncachedStepDecoder(model, context), [request.prompt], request.sampling, request.max_new_tokens)
    for (token,) in steps:
        found.append(token)
        if token in request.ends:
            break
    return found


def alone(model: DecoderOnly, request: Request, **choices: Any) -> list[int]:
    engine = Engine(model, CONTEXT, rows=1, **choices)
    return list(engine.stream(engine.submit(request)))


def reads(model: DecoderOnly) -> list[tuple[int, ...]]:
    """The shapes of the tokens that the model reads from now on."""
    shapes: list[tuple[int, ...]] = []
    model.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape)))
    return shapes
