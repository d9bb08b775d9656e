"""Chats: what is answered, where an answer ends, and what happens when there is no more room."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.generation.decoding import UncachedStepDecoder, decode
from cutaway.generation.sampling import Sampling
from cutaway.pipeline import Pipeline
from cutaway.text.templates import render_chat
from cutaway.text.tokenizer import Tokenizer
from pipeline.pipelines import made, pipeline
from text.chats import CHATML, INSTRUCTIONS, SPECIALS, talker
from variants import variant

pytestmark = pytest.mark.usefixtures("unchecked")

CONTEXT, NEW = 150, 9
GREEDY = {"temperature": 0.0}
USER, OTHER = {"role": "user", "content": "low"}, {"role": "user", "content": "the cat"}


def speaker(tokenizer: Tokenizer, liked: Sequence[str] = (), disliked: Sequence[str] = SPECIALS) -> Pipeline:
    """A model that likes to say some tokens, and others not."""
    head = {"tied": False, "bias": True}
    model = variant(vocabulary=tokenizer.vocabulary, context=CONTEXT, position="rotary", head=head, dropout=0.5)
    with torch.no_grad():
        for token in {*liked, *disliked}:
            model.head.projection.bias[SPECIALS.index(token)] += 1000 if token in liked else -1000
    return made(model.train(), tokenizer, "language_modeling", context=CONTEXT)


def expected(speaking: Pipeline, messages: list[dict[str, Any]]) -> str:
    """What is written token by token, everything read anew each time, up to the limit."""
    tokenizer, model = speaking.tokenizer, speaking.model.eval()
    prompt = tokenizer.encode(render_chat(tokenizer, messages), special=True)
    steps = decode(UncachedStepDecoder(model, CONTEXT), [prompt], Sampling(**GREEDY), NEW)
    return tokenizer.decode([step[0] for step in steps])


def test_an_answer_goes_on_from_the_template() -> None:
    speaking = speaker(talker(CHATML))
    answer = speaking.chat([USER], NEW, **GREEDY)
    assert answer == expected(speaking, [USER])
    assert answer
    assert answer != speaking.chat([OTHER], NEW, **GREEDY)
    assert "".join(speaking.stream_chat([USER], NEW, **GREEDY)) == answer
    assert len(list(speaking.stream_chat([USER], NEW, **GREEDY))) > 1
    assert (
        speaking.chat([USER], NEW, seed=1) == speaking.chat([USER], NEW, seed=1) != speaking.chat([USER], NEW, seed=2)
    )


def test_a_chatter_goes_on_with_a_chat_as_if_it_read_all_of_it() -> None:
    speaking = speaker(talker(CHATML))
    chat_session, sampling = speaking.chat_session(), Sampling(**GREEDY)
    messages: list[dict[str, Any]] = []
    for asked in (USER, OTHER):
        messages.append(asked)
        answer = "".join(chat_session.stream(messages, NEW, sampling))
        assert answer == speaking.chat(messages, NEW, **GREEDY)
        messages.append({"role": "assistant", "content": answer})
    assert "".join(chat_session.stream([OTHER], NEW, sampling)) == speaking.chat([OTHER], NEW, **GREEDY)


@pytest.mark.parametrize(
    ("template", "end", "liked"),
    [(CHATML, "</s>", "</s>"), (CHATML, "</s>", "<|im_end|>"), (INSTRUCTIONS, "<|eot|>", "<|eot|>")],
    ids=["the end of texts", "the end of the template", "the end of both"],
)
def test_an_answer_ends_where_a_turn_ends(template: str, end: str, liked: str) -> None:
    others = set(SPECIALS) - {liked}
    assert speaker(talker(template, end), [liked], sorted(others)).chat([USER], NEW, **GREEDY) == ""
    speaking = speaker(talker(template, end), ["<|im_start|>"], ["<|eot|>"])
    assert speaking.chat([USER], NEW, **GREEDY) == "", "special tokens are not shown"
    assert speaker(talker(template, end)).chat([USER], NEW, **GREEDY) != ""


def test_a_chat_without_room_is_refused() -> None:
    speaking = speaker(talker(CHATML))
    long = {"role": "user", "content": "low lower " * 60}
    with pytest.raises(UserError, match=r"the chat has \d+ tokens, but the model takes at most 150: begin a new one"):
        speaking.stream_chat([long])


def test_an_answer_without_room_is_shown_as_far_as_it_goes_and_said_to_be_cut() -> None:
    speaking = speaker(talker(CHATML))
    chat = [{"role": "user", "content": "low " * 49}]
    room = CONTEXT - len(speaking.tokenizer.encode(render_chat(speaking.tokenizer, chat), special=True))
    assert 1 < room < 20
    whole = speaking.chat(chat, room, **GREEDY)
    pieces: list[str] = []
    with pytest.raises(UserError, match=r"the answer stops because the chat has reached 150 tokens.*: begin a new one"):
        pieces.extend(speaking.stream_chat(chat, room + 1, **GREEDY))
    assert "".join(pieces) == whole


def test_what_cannot_chat_says_so() -> None:
    with pytest.raises(UserError, match=r"has no chat template, .* use generate instead"):
        pipeline("generate").chat([USER])
    with pytest.raises(UserError, match=r"cannot chat: it was trained for masked_language_modeling, and can fill"):
        pipeline("fill").chat([USER])
    with pytest.raises(UserError, match="max_new_tokens must be 1 or more"):
        speaker(talker(CHATML)).chat([USER], 0)
