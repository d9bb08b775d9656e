"""What stands around a text follows from a tokenizer's post-processor, and can be made one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import processors

from cutaway.errors import UserError
from cutaway.text.post_processor import PostProcessor
from cutaway.text.uses import around_source, around_text, before_prompt
from text.kinds import READERS, WRITERS, train

IDS = st.lists(st.integers(0, 9), max_size=3).map(tuple)
FRAMES = st.builds(PostProcessor, IDS, IDS, st.tuples(IDS, IDS, IDS), st.integers(0, 1))


@given(FRAMES)
def test_a_frame_survives_as_a_post_processor(frame: PostProcessor) -> None:
    assert PostProcessor.of(frame.processor(lambda token: f"<{token}>")) == frame


@given(FRAMES)
def test_a_frame_holds_the_texts_in_order(frame: PostProcessor) -> None:
    assert frame.around([50, 60]) == [*frame.before, 50, 60, *frame.after]
    before, between, after = frame.pair
    assert frame.around_pair([50], [60, 70]) == [*before, 50, *between, 60, 70, *after]


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (processors.BertProcessing(("E", 7), ("B", 5)), PostProcessor((5,), (7,), ((5,), (7,), (7,)), 1)),
        (processors.RobertaProcessing(("E", 7), ("B", 5)), PostProcessor((5,), (7,), ((5,), (7, 7), (7,)), 0)),
        (processors.ByteLevel(), PostProcessor(second_segment=1)),
    ],
    ids=["bert", "roberta", "bytes"],
)
def test_post_processors_of_every_kind_are_understood(
    processor: processors.PostProcessor, expected: PostProcessor
) -> None:
    assert PostProcessor.of(processor) == expected


@pytest.mark.parametrize("pair", ["$B $A", "$A $A $B"])
def test_texts_left_out_or_out_of_order_are_refused(pair: str) -> None:
    with pytest.raises(UserError, match="does not keep each text once and in order"):
        PostProcessor.of(processors.TemplateProcessing(single="$A", pair=pair, special_tokens=[]))


def test_without_a_post_processor_the_use_tells() -> None:
    reader, writer = READERS["bpe"], WRITERS["bpe"]
    assert around_text(reader) == PostProcessor((2,), (3,), ((2,), (3,), (3,)), 1)
    assert around_source(writer) == PostProcessor(after=(3,))
    assert before_prompt(writer) == ()
    assert around_text(train("bpe")) == PostProcessor(second_segment=1)


def test_a_post_processor_counts_more_than_the_use() -> None:
    frame = PostProcessor((4,), (3, 0), ((4,), (0,), (3,)))
    tokenizer = READERS["bpe"].with_frame(frame)
    assert around_text(tokenizer) == around_source(tokenizer) == tokenizer.frame == frame
    assert before_prompt(tokenizer) == (4,)
    assert tokenizer.encode("low") == READERS["bpe"].encode("low")
