"""The special tokens around a text, and between two texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tokenizers
from tokenizers import processors
from tokenizers.models import WordLevel

from cutaway.errors import UserError

Ids = tuple[int, ...]


@dataclass(frozen=True)
class PostProcessor:
    """Ids of special tokens around a text or a pair of texts.

    Attributes:
        before: the text.
        after: the text.
        pair: before the first of two texts, between them, and after the second.
        second_segment: the segment of the second text and what follows it; everything else is segment 0.
    """

    before: Ids = ()
    after: Ids = ()
    pair: tuple[Ids, Ids, Ids] = ((), (), ())
    second_segment: int = 0

    def around(self, ids: Sequence[int]) -> list[int]:
        """One text with its special tokens."""
        return [*self.before, *ids, *self.after]

    def around_pair(self, first: Sequence[int], second: Sequence[int]) -> list[int]:
        """Two texts with their special tokens."""
        before, between, after = self.pair
        return [*before, *first, *between, *second, *after]

    def processor(self, spell: Callable[[int], str]) -> processors.PostProcessor:
        """The `tokenizers` post-processor that does the same, given the spelling of each token."""
        before, between, after = ([spell(token) for token in ids] for ids in self.pair)
        rest = [f"{token}:{self.second_segment}" for token in ("$B", *after)]
        known = {*self.before, *self.after, *(token for ids in self.pair for token in ids)}
        return processors.TemplateProcessing(
            single=[*map(spell, self.before), "$A", *map(spell, self.after)],
            pair=[*before, "$A", *between, *rest],
            special_tokens=[(spell(token), token) for token in sorted(known)],
        )

    @classmethod
    def of(cls, processor: processors.PostProcessor) -> "PostProcessor":
        """What a `tokenizers` post-processor does, found by applying it to texts of one token.

        Raises:
            UserError: it drops a text, or repeats it.
        """
        probe = tokenizers.Tokenizer(WordLevel({"text": 0}, unk_token="text"))
        probe.post_processor = processor
        one, two = probe.encode("text"), probe.encode("text", "text")
        shown = [i for i in (*one.sequence_ids, *two.sequence_ids) if i is not None]
        special = one.special_tokens_mask + two.special_tokens_mask
        if shown != [0, 0, 1] or special.count(0) != len(shown):
            raise UserError("the tokenizer's post_processor does not keep each text once and in order")
        text = one.sequence_ids.index(0)
        first, second = two.sequence_ids.index(0), two.sequence_ids.index(1)
        pair = tuple(two.ids[:first]), tuple(two.ids[first + 1 : second]), tuple(two.ids[second + 1 :])
        return cls(tuple(one.ids[:text]), tuple(one.ids[text + 1 :]), pair, two.type_ids[second])
