"""What proposes tokens for speculative decoding: the text itself, or a smaller model."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from cutaway.generation.decoding import score_last, shared_beginning, window_start
from cutaway.generation.sampling import Sampler, distributions, take
from cutaway.generation.speculative import Proposal
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly

LONGEST = 3
"""The longest n-gram that is looked up."""
SLOTS = 256
"""The slots of a draft model's first cache; each further one has at least twice as many."""


class PromptLookup:
    """Proposes what followed the last n-gram of a text where it occurred last before (Saxena 2023, prompt lookup).

    The longest n-gram that occurred counts. Nothing is proposed if not even the last token did.

    Args:
        vocabulary: the number of tokens.
        longest: the longest n-gram.
    """

    def __init__(self, vocabulary: int, longest: int = LONGEST) -> None:
        self._vocabulary = vocabulary
        self._longest = longest

    def propose(self, text: Sequence[int], count: int, sampler: Sampler) -> Proposal:
        """Returns at most `count` tokens, with probability 1 each."""
        tokens = self._following(list(text))[:count]
        certain = F.one_hot(torch.tensor(tokens, dtype=torch.long), self._vocabulary).double()
        return Proposal(tokens, certain)

    def _following(self, text: list[int]) -> list[int]:
        for n in range(min(self._longest, len(text) - 1), 0, -1):
            wanted = text[-n:]
            for end in range(len(text) - 1, n - 1, -1):
                if text[end - n : end] == wanted:
                    return text[end:]
        return []


class DraftModel:
    """Proposes tokens that a model samples one by one, with the options of the text.

    It reads what is new in a text only, and a text that outgrows its context from a later token on.

    Args:
        model: in evaluation mode, with the same tokenizer.
        context: the most tokens that it sees.
        vocabulary: the number of tokens of the tokenizer.
    """

    def __init__(self, model: DecoderOnly, context: int, vocabulary: int | None = None) -> None:
        self._model = model
        self._context = context
        self._vocabulary = vocabulary
        self._held: list[int] = []  # the tokens in the cache
        self._cache = model.make_cache(1, min(SLOTS, context))

    @torch.inference_mode()
    def propose(self, text: Sequence[int], count: int, sampler: Sampler) -> Proposal:
        """Returns `count` tokens, or half its context if that is fewer."""
        count = min(count, max(1, self._context // 2))
        longest = len(text) + count - 1  # the last token is not read
        start = window_start(longest, self._context)
        self._reserve(longest - start)
        whole, probabilities = list(text), []
        for _ in range(count):
            logits = self._read(whole[start:])[:, : self._vocabulary]
            q = distributions(logits, sampler.options, [whole])
            whole.append(int(take(q, torch.tensor([sampler.random()], dtype=torch.double))))
            probabilities.append(q)
        return Proposal(whole[len(text) :], torch.cat(probabilities))

    def _read(self, window: list[int]) -> torch.Tensor:
        """The logits after a window, of which only what the cache does not hold is read."""
        shared = min(shared_beginning(self._held, window), len(window) - 1)
        del self._held[shared:]
        self._cache.truncate(shared)
        new = window[shared:]
        logits = self._model(torch.tensor([new], device=device_of(self._model)), cache=self._cache, read=score_last)
        self._held += new
        return logits

    def _reserve(self, slots: int) -> None:
        """Makes room for so many tokens; a new cache is empty."""
        held = self._cache.slots or 0
        if slots > held:
            self._cache = self._model.make_cache(1, min(max(slots, 2 * held), self._context))
            self._held = []
