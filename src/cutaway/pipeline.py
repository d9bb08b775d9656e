"""A model with all it needs to meet text, and the verbs that a person knows."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args, overload

from typing_extensions import TypedDict, Unpack

from cutaway.config.reading import load_run
from cutaway.config.run import RunConfig
from cutaway.config.train import Device
from cutaway.errors import UserError, nearest
from cutaway.generate.decoding import CachedReader, decode
from cutaway.generate.sampling import Sampling
from cutaway.generate.scoring import token_log_probabilities
from cutaway.generate.streaming import first_stop, stream_text
from cutaway.model.build import build
from cutaway.model.device import choose_device
from cutaway.model.files import RunFolder, read_weights
from cutaway.model.transformer import DecoderOnly
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

    def __init__(self, model: DecoderOnly, tokenizer: Tokenizer, config: RunConfig) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.config = config

    @overload
    def generate(
        self,
        prompt: str,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> str: ...
    @overload
    def generate(
        self,
        prompt: list[str] | tuple[str, ...],
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> list[str]: ...
    def generate(
        self,
        prompt: str | list[str] | tuple[str, ...],
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> str | list[str]:
        """Writes on from a prompt, or from each of several at once.

        Args:
            prompt: one text or several, of any lengths.
            max_new_tokens: a text also ends at its end-of-text token, if the tokenizer has one.
            stop: a string or several; a text ends before the first of them.
            **options: how tokens are drawn: `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `seed`.
                With several prompts, each is what it would be alone with seed, seed + 1 and so on.

        Returns:
            what was written, without the prompt.

        Raises:
            UserError: a prompt holds characters that the tokenizer never saw, or an option has no meaning.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        stops = _stop_strings(stop)
        rows: list[list[int]] = [[] for _ in prompts]
        unfinished = set(range(len(prompts)))
        steps = self._decode(prompts, max_new_tokens, Sampling(**options))
        while unfinished and (tokens := next(steps, None)) is not None:
            for i in sorted(unfinished):
                rows[i].append(tokens[i])
                if self._has_ended(rows[i], stops):
                    unfinished.remove(i)
        texts = ["".join(stream_text(row, self.tokenizer.decode, stops, self.tokenizer.end)) for row in rows]
        return texts[0] if isinstance(prompt, str) else texts

    def stream(
        self,
        prompt: str,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> Iterator[str]:
        """Writes on from a prompt, as `generate` does, and yields the text piece by piece as it comes.

        Raises:
            UserError: at once, before the first piece, for the reasons that `generate` has.
        """
        steps = self._decode([prompt], max_new_tokens, Sampling(**options))
        tokens = (step[0] for step in steps)
        return stream_text(tokens, self.tokenizer.decode, _stop_strings(stop), self.tokenizer.end)

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
        read = CachedReader(self.model, self.config.model.context)
        known = self.tokenizer.vocabulary  # a model may have room for more tokens, which mean nothing
        begun = [self._begin(prompt) for prompt in prompts]
        return decode(lambda texts: read(texts)[:, :known], begun, sampling, max_new_tokens)

    def _begin(self, prompt: str) -> list[int]:
        """Tokens of a prompt; an empty one begins where documents begin, or else on a new line, or else anywhere."""
        if prompt or self.tokenizer.end is not None:
            return self.tokenizer.encode(prompt) or [self.tokenizer.end or 0]
        try:
            return self.tokenizer.encode("\n")
        except UserError:  # it learnt from a single line
            return [0]

    def _has_ended(self, row: Sequence[int], stops: Sequence[str]) -> bool:
        is_over = row[-1] == self.tokenizer.end
        return is_over or (bool(stops) and first_stop(self.tokenizer.decode(row), stops) is not None)


def load(path: str | Path, device: str = "auto") -> Pipeline:
    """Opens a run folder.

    Args:
        path: the folder.
        device: `auto` (CUDA if there is one, else the CPU), `cpu`, `cuda` or `mps`.

    Raises:
        UserError: there is no run there, a file of it is missing or damaged, or there is no such device.
    """
    if device not in get_args(Device):
        raise UserError(f"no device is called {device!r}; {nearest(device, get_args(Device))}")
    folder = RunFolder(Path(path))
    folder.require(folder.tokenizer, folder.weights)
    config, tokenizer = load_run(folder.run), Tokenizer.load(folder.tokenizer)
    known = config.model.vocabulary
    if known is not None and tokenizer.vocabulary > known:
        raise UserError(f"{folder.tokenizer} has {tokenizer.vocabulary} tokens, and the model knows {known}")
    model = build(config.model).to(choose_device(device))
    read_weights(folder.weights, model)
    return Pipeline(model.eval(), tokenizer, config)


def _stop_strings(stop: str | Sequence[str]) -> list[str]:
    strings = [stop] if isinstance(stop, str) else list(stop)
    if "" in strings:
        raise UserError("a stop string cannot be empty: every text would end before it begins")
    return strings
