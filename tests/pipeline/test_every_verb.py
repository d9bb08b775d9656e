"""What holds for every verb: many at once are each alone, nothing drops out, and what cannot be done is told."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway.errors import UserError
from cutaway.pipeline import Pipeline
from pipeline.pipelines import CONTEXT, CONTEXTS, LONG, PICTURES, TASKS, TEXTS, assert_alike, pipeline

Verb = Callable[[Pipeline, list[Any]], list[Any]]

MASKED = [f"{text} [MASK] low" for text in TEXTS] + ["[MASK] [MASK]"]
NUMBERS = [[3, 1, 2], [7], [19, 0, 4, 4, 11], [5, 6]]
QUESTIONS = [("it?", CONTEXTS[0]), ("the dog is wide?", CONTEXTS[1]), ("new?", CONTEXTS[2]), ("low", CONTEXTS[0])]
EVERY: dict[str, tuple[str, Verb, list[Any]]] = {
    "fill": ("fill", lambda p, given: p.fill(given), MASKED),
    "classify": ("classify", lambda p, given: p.classify(given), TEXTS),
    "classify images": ("classify images", lambda p, given: p.classify(given), PICTURES),
    "classify by several": ("classify by several", lambda p, given: p.classify(given), TEXTS),
    "classify by number": ("classify by number", lambda p, given: p.classify(given), TEXTS),
    "tag": ("tag", lambda p, given: p.tag(given), TEXTS),
    "tag words": ("tag", lambda p, given: p.tag_words(given), [text.split() for text in TEXTS]),
    "answer": ("answer", lambda p, given: p.answer_all(given), QUESTIONS),
    "sort": ("sort", lambda p, given: p.compute("sort", given), NUMBERS),
    "translate": ("translate", lambda p, given: p.translate(given, num_beams=2), TEXTS),
    "caption": ("caption", lambda p, given: p.caption(given, num_beams=2), PICTURES),
    **{
        f"embed, {pooling}": ("tag", lambda p, given, pooling=pooling: p.embed(given, pooling=pooling), TEXTS)
        for pooling in ("mean", "cls", "max", "last")
    },
}
every_verb = pytest.mark.parametrize(("name", "verb", "given"), EVERY.values(), ids=EVERY)
ALL_VERBS: dict[str, Callable[[Pipeline], object]] = {
    "generate": lambda p: p.generate("a", 2),
    "score": lambda p: p.score("a low"),
    "fill": lambda p: p.fill("[MASK]"),
    "classify": lambda p: p.classify("a"),
    "tag": lambda p: p.tag("a"),
    "answer": lambda p: p.answer("a?", "b"),
    "translate": lambda p: p.translate("a"),
    "summarize": lambda p: p.summarize("a"),
    "caption": lambda p: p.caption(PICTURES[0]),
    "embed": lambda p: p.embed("a"),
    "sort": lambda p: p.sort([1]),
    "reverse": lambda p: p.compute("reverse", [[1]]),
    "add": lambda p: p.add(1, 2),
}
TEXT_VERBS = {
    "fill": lambda p, text: p.fill(text),
    "classify": lambda p, text: p.classify(text),
    "tag": lambda p, text: p.tag(text),
    "translate": lambda p, text: p.translate(text),
}


@every_verb
def test_many_at_once_are_each_alone_and_in_their_order(name: str, verb: Verb, given: list[Any]) -> None:
    asked = pipeline(name)
    asked.model.train()
    together = verb(asked, given)
    assert_alike(list(together), [verb(asked, [one])[0] for one in given])
    assert_alike(verb(asked, given[::-1]), together[::-1])
    assert not all(np.array_equal(one, together[0]) for one in together), "else order is nothing"
    assert len(verb(asked, [])) == 0


@pytest.mark.parametrize("name", TEXT_VERBS)
def test_one_text_gives_one_result(name: str) -> None:
    asked, verb = pipeline(name), TEXT_VERBS[name]
    given = "low [MASK] it" if name == "fill" else TEXTS[1]
    assert_alike([verb(asked, given)], verb(asked, (given,)))


@pytest.mark.parametrize("name", [*TASKS, "translate", "caption", "generate"])
def test_a_verb_that_a_model_has_not_is_refused_with_those_that_it_has(name: str) -> None:
    asked = pipeline(name)
    known = asked.config.task.verbs
    assert name.split()[0] in known
    assert set(known) < set(ALL_VERBS)
    for verb in set(ALL_VERBS) - set(known):
        said = f"this model cannot {verb}: it was trained for {asked.config.task.kind}, and can {', '.join(known)}"
        with pytest.raises(UserError, match=f"^{said}$"):
            ALL_VERBS[verb](asked)
    for verb in known:
        ALL_VERBS[verb](asked)


@pytest.mark.parametrize("name", TEXT_VERBS)
def test_a_text_that_is_too_long_is_refused_with_both_numbers(name: str) -> None:
    asked, verb = pipeline(name), TEXT_VERBS[name]
    long, short = (f"{text}[MASK]" for text in (LONG, "low ")) if name == "fill" else (LONG, "low")
    with pytest.raises(UserError) as alone:
        verb(asked, long)
    (tokens,) = re.findall(rf"^the text has (\d+) tokens, but the model takes at most {CONTEXT}: ", str(alone.value))
    assert int(tokens) > CONTEXT
    with pytest.raises(UserError, match=f"^text 2 has {tokens} tokens, but the model takes at most {CONTEXT}"):
        verb(asked, [short, long, short])


def test_more_numbers_than_the_model_takes_are_refused() -> None:
    with pytest.raises(UserError, match=f"the text has {CONTEXT + 1} tokens, but the model takes at most {CONTEXT}"):
        pipeline("sort").sort([1] * (CONTEXT + 1))
    assert len(pipeline("sort").sort([1] * CONTEXT)) == CONTEXT
