"""A model with all it needs to meet text, and the verbs that a person knows."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import torch
from typing_extensions import TypedDict, Unpack

from cutaway.config.reading import load_run
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.generate.decoding import CachedReader, decode
from cutaway.generate.sampling import Sampling
from cutaway.generate.scoring import token_log_probabilities
from cutaway.generate.streaming import stream_text
from cutaway.model.build import build
from cutaway.model.device import choose_device
from cutaway.model.files import RunFolder, read_weights
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer


class SamplingOptions(TypedDict, total=False):
    """The fields of `cutaway.generate.sampling.Sampling`, by name."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float
    seed: int


class Pipeline:
    """A trained language model, its tokenizer, and the choices it was made with."""

    def __init__(self, model: Transformer, tokenizer: Tokenizer, config: RunConfig) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.config = config

    @overload
    def generate(
        self, prompt: str, max_new_tokens: int = 100, *, stop: Sequence[str] = (), **options: Unpack[SamplingOptions]
    ) -> str: ...
    @overload
    def generate(
        self,
        prompt: Sequence[str],
        max_new_tokens: int = 100,
        *,
        stop: Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> list[str]: ...
    def generate(
        self,
        prompt: str | Sequence[str],
        max_new_tokens: int = 100,
        *,
        stop: Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> str | list[str]:
        """Writes on from a prompt, or from each of several at once.

        Args:
            prompt: one text or several, of any lengths.
            max_new_tokens: a text also ends at its end-of-text token, if the tokenizer has one.
            stop: strings before which a text ends.
            **options: how tokens are drawn: `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `seed`.
                With several prompts, each is what it would be alone with seed, seed + 1 and so on.

        Returns:
            what was written, without the prompt.

        Raises:
            UserError: a prompt holds characters that the tokenizer never saw, or an option has no meaning.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        rows: list[list[int]] = [[] for _ in prompts]
        ended = [False] * len(prompts)
        for tokens in self._decode(prompts, max_new_tokens, Sampling(**options)):
            for i, token in enumerate(tokens):
                if not ended[i]:
                    rows[i].append(token)
                    ended[i] = token == self.tokenizer.end or any(
                        word in self.tokenizer.decode(rows[i]) for word in stop
                    )
            if all(ended):
                break
        texts = ["".join(stream_text(row, self.tokenizer.decode, stop, self.tokenizer.end)) for row in rows]
        return texts[0] if isinstance(prompt, str) else texts

    def stream(
        self, prompt: str, max_new_tokens: int = 100, *, stop: Sequence[str] = (), **options: Unpack[SamplingOptions]
    ) -> Iterator[str]:
        """Writes on from a prompt, as `generate` does, and yields the text piece by piece as it comes."""
        steps = self._decode([prompt], max_new_tokens, Sampling(**options))
        return stream_text((tokens[0] for tokens in steps), self.tokenizer.decode, stop, self.tokenizer.end)

    def score(self, text: str) -> list[tuple[str, float]]:
        """Each token after the first, and the natural logarithm of its probability given the text before it.

        Raises:
            UserError: the text has fewer than two tokens, or characters that the tokenizer never saw.
        """
        tokens = self.tokenizer.encode(text)
        if len(tokens) < 2:
            raise UserError("a text of two tokens or more is needed: the first is given, the others are scored")
        self.model.eval()
        scores = token_log_probabilities(self.model, tokens, self.config.model.context)
        return list(zip(self.tokenizer.pieces(tokens[1:]), scores, strict=True))

    def _decode(self, prompts: Sequence[str], max_new_tokens: int, sampling: Sampling) -> Iterator[list[int]]:
        if max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more")
        self.model.eval()
        reader = CachedReader(self.model, self.config.model.context)
        return decode(reader, [self._begin(prompt) for prompt in prompts], sampling, max_new_tokens)

    def _begin(self, prompt: str) -> list[int]:
        """Tokens of a prompt; an empty one begins where documents begin, or else on a new line."""
        tokens = self.tokenizer.encode(prompt or ("" if self.tokenizer.end is not None else "\n"))
        return tokens or [self.tokenizer.end or 0]


def load(path: str | Path, device: str = "auto") -> Pipeline:
    """Opens a run folder.

    Args:
        path: the folder.
        device: `auto` (CUDA if there is one, else the CPU), `cpu`, `cuda` or `mps`.

    Raises:
        UserError: there is no run there, a file of it is missing or damaged, or there is no such device.
    """
    folder = RunFolder(Path(path))
    folder.require(folder.tokenizer, folder.weights)
    config = load_run(folder.run)
    with torch.device("meta"):
        model = build(config.model)
    model.to_empty(device=choose_device(device))
    read_weights(folder.weights, model)
    return Pipeline(model.eval(), Tokenizer.load(folder.tokenizer), config)
