"""Source and target as tokens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.data.examples import Pair
from cutaway.tasks.rows.targets import require_role, targets
from cutaway.tasks.rows.texts import cut, encode_texts
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source


@dataclass(frozen=True)
class PairRow:
    """A pair as token ids: the source ends with the end token; the target begins with the begin token and ends too."""

    source: list[int]
    target: list[int]

    @property
    def lengths(self) -> tuple[int, int]:
        """How long both sides are."""
        return len(self.source), len(self.target)


@dataclass(frozen=True)
class PairTokenizers:
    """What turns both sides into tokens; the two are the same if the sides share one.

    Raises:
        UserError: a tokenizer lacks the tokens that begin and end a text.
    """

    source: Tokenizer
    target: Tokenizer

    def __post_init__(self) -> None:
        require_role(self.source, "source", "end")
        require_role(self.target, "target", "start")
        require_role(self.target, "target", "end")

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Sources as tokens."""
        frame = around_source(self.source)
        return [frame.around(ids) for ids in encode_texts(self.source, texts)]

    def rows(
        self, pairs: Sequence[Pair], limit: int, counted: Counter[str], *, truncate: bool = False
    ) -> list[PairRow]:
        """Pairs as tokens, but for those with more than `limit` tokens on a side: they are left out, and counted.

        If `truncate` says so, only targets are too long: sources are cut, and counted.
        """
        written = targets(self.target, [pair.target for pair in pairs])
        sources = self.read([pair.source for pair in pairs])
        if truncate:
            sources = cut(sources, limit, counted)
        rows = [PairRow(source, target) for source, target in zip(sources, written, strict=True)]
        fitting = [row for row in rows if max(row.lengths) <= limit]
        if len(fitting) < len(rows):
            counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
        return fitting
