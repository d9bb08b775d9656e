"""What stands around a text, and between two, when a model reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tokenizers
from tokenizers import processors
from tokenizers.models import WordLevel

from cutaway.errors import UserError

Ids = tuple[int, ...]


@dataclass(frozen=True)
class PostProcessor:
    """Token ids that belong to no text.

    Attributes:
        before: in front of a text.
        after: behind it.
        pair: in front of the first of two texts, between them, and behind the second.
        second_segment: which segment the second of two texts and what follows it belong to; all else is of segment 0.
    """

    before: Ids = ()
    after: Ids = ()
    pair: tuple[Ids, Ids, Ids] = ((), (), ())
    second_segment: int = 0

    def around(self, ids: Sequence[int]) -> list[int]:
        """One text as a model reads it."""
        return [*self.before, *ids, *self.after]

    def around_pair(self, first: Sequence[int], second: Sequence[int]) -> list[int]:
        """Two texts as a model reads them together."""
        before, between, after = self.pair
        return [*before, *first, *between, *second, *after]

    def processor(self, spell: Callable[[int], str]) -> processors.PostProcessor:
        """The `tokenizers` post-processor that puts the same around texts, given how a token is spelt."""
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
        """What a `tokenizers` post-processor puts around texts, which is seen by what it does to those of one token.

        Raises:
            UserError: it leaves a text out, or takes it twice.
        """
        probe = tokenizers.Tokenizer(WordLevel({"text": 0}, unk_token="text"))
        probe.post_processor = processor
        one, two = probe.encode("text"), probe.encode("text", "text")
        shown = [i for i in (*one.sequence_ids, *two.sequence_ids) if i is not None]
        special = one.special_tokens_mask + two.special_tokens_mask
        if shown != [0, 0, 1] or special.count(0) != len(shown):
            raise UserError("the tokenizer's post_processor does not take each text once, one behind the other")
        text = one.sequence_ids.index(0)
        first, second = two.sequence_ids.index(0), two.sequence_ids.index(1)
        pair = tuple(two.ids[:first]), tuple(two.ids[first + 1 : second]), tuple(two.ids[second + 1 :])
        return cls(tuple(one.ids[:text]), tuple(one.ids[text + 1 :]), pair, two.type_ids[second])
