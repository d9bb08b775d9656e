"""Continuing prompts with a decoder, and scoring texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from cutaway.errors import UserError
from cutaway.generation.decoding import CachedStepDecoder, decode
from cutaway.generation.sampling import Sampling
from cutaway.generation.scoring import TokenScore, token_log_probabilities
from cutaway.generation.streaming import first_stop, stream_text
from cutaway.model.transformer import DecoderOnly
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import before_prompt


@dataclass(frozen=True)
class TextGenerator:
    """A decoder language model with its tokenizer.

    Attributes:
        model: the model.
        tokenizer: of the model.
        context: the size of its window in tokens.
    """

    model: DecoderOnly
    tokenizer: Tokenizer
    context: int

    def generate(
        self, prompts: Sequence[str], max_new_tokens: int, stops: Sequence[str], sampling: Sampling
    ) -> list[str]:
        """Continues each prompt (see `Pipeline.generate`)."""
        begun = [self._begin(prompt) for prompt in prompts]
        texts = [partial(self.tokenizer.decode_behind, prompt) for prompt in begun]
        rows: list[list[int]] = [[] for _ in prompts]
        unfinished = set(range(len(prompts)))
        steps = self._decode(begun, max_new_tokens, sampling)
        while unfinished and (tokens := next(steps, None)) is not None:
            for i in sorted(unfinished):
                rows[i].append(tokens[i])
                is_over = tokens[i] in self.tokenizer.ends
                if is_over or (stops and first_stop(texts[i](rows[i]), stops) is not None):
                    unfinished.remove(i)
        ends = self.tokenizer.ends
        return ["".join(stream_text(row, text, stops, ends)) for row, text in zip(rows, texts, strict=True)]

    def stream(self, prompt: str, max_new_tokens: int, stops: Sequence[str], sampling: Sampling) -> Iterator[str]:
        """Continues one prompt, and yields the text in pieces (see `Pipeline.stream`)."""
        begun = self._begin(prompt)
        steps = self._decode([begun], max_new_tokens, sampling)
        text = partial(self.tokenizer.decode_behind, begun)
        return stream_text((step[0] for step in steps), text, stops, self.tokenizer.ends)

    def score(self, text: str) -> list[TokenScore]:
        """The log-probability of each token (see `Pipeline.score`)."""
        tokens = [*before_prompt(self.tokenizer), *self.tokenizer.encode(text)]
        if len(tokens) < 2:
            raise UserError("a text needs at least two tokens: the first is given, the others are scored")
        scores = token_log_probabilities(self.model, tokens, self.context)
        return [TokenScore(*one) for one in zip(self.tokenizer.pieces(tokens[1:]), scores, strict=True)]

    def _decode(self, prompts: Sequence[Sequence[int]], max_new_tokens: int, sampling: Sampling) -> Iterator[list[int]]:
        if max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more")
        longest = max(map(len, prompts), default=0) + max_new_tokens
        read = CachedStepDecoder(self.model, self.context, longest)
        known = self.tokenizer.vocabulary  # a model may have more, which mean nothing
        return decode(lambda texts: read(texts)[:, :known], prompts, sampling, max_new_tokens)

    def _begin(self, prompt: str) -> list[int]:
        """The tokens of a prompt; for an empty one the token that begins documents, a line break, or token 0."""
        before = before_prompt(self.tokenizer)
        if before or prompt or self.tokenizer.end is not None:
            return [*before, *self.tokenizer.encode(prompt)] or [self.tokenizer.end or 0]
        try:
            return self.tokenizer.encode("\n")
        except UserError:  # trained on a single line
            return [0]
