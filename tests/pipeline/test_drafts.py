"""A pipeline with a draft writes what it writes without, and says which draft does not suit it."""

import pytest

from cutaway.config.tokenizer import CharTokenizer
from cutaway.errors import UserError
from cutaway.generation.sampling import SamplingOptions
from cutaway.pipeline import Pipeline
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer
from pipeline.pipelines import CONTEXT, WRITER, made, pipeline
from text.kinds import WRITERS
from variants import variant

GREEDY: SamplingOptions = {"temperature": 0.0, "repetition_penalty": 1.2}


def writer(tokenizer: Tokenizer = WRITER, **choices: object) -> Pipeline:
    model = variant(vocabulary=len(tokenizer), context=CONTEXT, position="rotary", **choices)
    return made(model, tokenizer, "language_modeling")


def test_greedy_texts_are_the_same_with_any_draft() -> None:
    model, small, prompts = writer(), writer(layers=1), ["low lower low", "the cat", ""]
    plain = model.generate(prompts, 9, **GREEDY)
    assert len(set(plain)) == 3
    for draft in ("lookup", small, model.draft(), model.draft(small, count=2)):
        assert model.generate(prompts, 9, draft=draft, **GREEDY) == plain
        assert [model.generate(prompt, 9, draft=draft, **GREEDY) for prompt in prompts] == plain
        assert ["".join(model.stream(prompt, 9, draft=draft, **GREEDY)) for prompt in prompts] == plain
        stop = plain[0][2:4]
        assert model.generate(prompts, 9, stop=stop, draft=draft, **GREEDY) == [
            model.generate(prompt, 9, stop=stop, **GREEDY) for prompt in prompts
        ]


def test_each_prompt_is_sampled_as_alone_and_counted() -> None:
    model = writer()
    draft = model.draft(writer(layers=1), count=3)
    texts = model.generate(["low", "low"], 12, seed=5, draft=draft)
    assert texts[0] != texts[1]
    assert texts == [model.generate("low", 12, seed=seed, draft=draft) for seed in (5, 6)]
    assert draft.proposed >= draft.accepted > 0
    assert 1 < draft.tokens_per_pass <= 4
    assert draft.generated <= 4 * 12


def test_a_draft_that_does_not_suit_is_refused() -> None:
    model = writer()
    other = WRITERS["unigram"]
    with pytest.raises(UserError, match=rf"the draft has {len(other)} tokens and the model {len(WRITER)}: .*the same"):
        model.generate("low", 3, draft=writer(other))
    one, two = (train_tokenizer(CharTokenizer(), [letters], alphabet=letters) for letters in ("abc", "abd"))
    with pytest.raises(UserError, match=r"token 2 of the draft is 'd', and of the model 'c': .*the same tokenizer"):
        writer(one).generate("ab", 3, draft=writer(two))
    with pytest.raises(UserError, match="a draft is lookup or a loaded model, not 'look'"):
        model.generate("low", 3, draft="look")
    with pytest.raises(UserError, match="cannot generate"):
        model.generate("low", 3, draft=pipeline("fill"))
    with pytest.raises(UserError, match=r"outgrows the context of 31 tokens.*cannot slide"):
        model.stream("low", 40, draft="lookup", context_overflow="slide")
    with pytest.raises(UserError, match="1 token or more at once"):
        model.draft(count=0)
