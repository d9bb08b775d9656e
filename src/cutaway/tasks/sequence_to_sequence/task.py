"""Sequence to sequence: a target text from a source (Sutskever et al. 2014; Vaswani et al. 2017)."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from cutaway.config.data import DataConfig
from cutaway.data.examples import AnyExample, Pair
from cutaway.data.input_formats import TOKENS, InputFormat
from cutaway.data.padding import pad
from cutaway.data.tables.text_pairs import read_pairs
from cutaway.errors import UserError
from cutaway.generation.beams import BeamOptions
from cutaway.generation.seq2seq import Seq2SeqGenerator, Sources
from cutaway.metrics.report import Report
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import bleu
from cutaway.model.transformer import EncoderDecoder, Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.example_task import ExampleTask, without_longer
from cutaway.tasks.sequence_to_sequence.config import SequenceToSequenceConfig
from cutaway.tasks.task import Config, EvaluationOptions, LoadedModel, Tokenizers
from cutaway.tasks.texts import encode_targets, encode_texts, require_fitting, require_no_empty, require_role
from cutaway.tasks.texts import truncate as truncate_rows
from cutaway.text.special import WRITING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source

LENGTHS_TOGETHER = 8
"""Sources whose lengths differ by less than this share one limit of generated tokens, and so a batch."""


@dataclass(frozen=True)
class PairRow:
    """A pair as token ids: a source with its end token, a target with its start and end tokens."""

    source: list[int]
    target: list[int]

    @property
    def lengths(self) -> tuple[int, int]:
        """Tokens of the source and of the target."""
        return len(self.source), len(self.target)


@dataclass(frozen=True)
class PairTokenizers:
    """The tokenizers of both sides, which may be the same.

    Raises:
        UserError: a tokenizer has no start or end token.
    """

    source: Tokenizer
    target: Tokenizer

    def __post_init__(self) -> None:
        require_role(self.source, "source", "end")
        require_role(self.target, "target", "start")
        require_role(self.target, "target", "end")

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Sources as tokens."""
        special = around_source(self.source)
        return [special.around(ids) for ids in encode_texts(self.source, texts)]

    def rows(
        self, pairs: Sequence[Pair], limit: int, counted: Counter[str], *, truncate: bool = False
    ) -> list[PairRow]:
        """Pairs as tokens; those with more than `limit` tokens on either side are left out and counted.

        With `truncate`, longer sources are truncated and counted instead.
        """
        written = encode_targets(self.target, [pair.target for pair in pairs])
        sources = self.read([pair.source for pair in pairs])
        if truncate:
            sources = truncate_rows(sources, limit, around_source(self.source), counted)
        rows = [PairRow(source, target) for source, target in zip(sources, written, strict=True)]
        return without_longer(rows, limit, counted)


@dataclass(frozen=True)
class TextSources:
    """Texts for an encoder-decoder to read.

    Attributes:
        tokenizers: of both sides.
        context: the most tokens of a source.
        truncate: whether longer sources are truncated; otherwise they are rejected.
        counted: the number of truncated sources, by reason.
    """

    tokenizers: PairTokenizers
    context: int
    truncate: bool = False
    counted: Counter[str] = field(default_factory=Counter)
    inputs = TOKENS

    def read(self, given: Sequence[str]) -> list[list[int]]:
        """Texts as tokens."""
        require_no_empty(given, "cannot be rewritten")
        rows = self.tokenizers.read(given)
        if self.truncate:
            return truncate_rows(rows, self.context, around_source(self.tokenizers.source), self.counted)
        require_fitting(rows, self.context)
        return rows

    def limit(self, source: list[int]) -> int:
        """About twice the tokens of the source, plus ten."""
        return 2 * -(-len(source) // LENGTHS_TOGETHER) * LENGTHS_TOGETHER + 10


Result = TypeVar("Result")
SOURCE = {"inputs": "source", "attention_mask": "source_mask"}
"""From the names of an encoder's arguments to those of an encoder-decoder."""


class SequenceToSequence:
    """Cross-entropy of each token of the target, given the source and the target before it, in nats.

    Args:
        label_smoothing: probability spread evenly over all tokens, in training only (Vaswani et al. 2017, 5.4).
        inputs: the format of the sources.
        logits: how many are in memory at once in training.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        inputs: InputFormat = TOKENS,
        *,
        logits: Logits = "parts",
    ) -> None:
        self._label_smoothing = label_smoothing
        self._inputs = inputs
        self._logits: Logits = logits

    def collate(self, examples: Sequence[Any], device: torch.device) -> Batch:
        """Pads at the end. The decoder reads each target without its last token, and predicts all but its first."""
        shown = self._inputs.batch([row.source for row in examples])
        arrays = {
            **{SOURCE[name]: array for name, array in shown.items()},
            "inputs": pad([row.target[:-1] for row in examples], 0),
            "targets": pad([row.target[1:] for row in examples], IGNORED),
        }
        return to_tensors(arrays, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums the smoothed loss over all tokens of the targets."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], self._label_smoothing, self._logits)

        return _write(model, batch, read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Sums the unsmoothed loss, and counts the tokens ranked first."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            return measure_tokens(head, hidden.states, batch["targets"])

        return _write(model, batch, read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss per token in nats, perplexity, and the fraction of tokens ranked first, with teacher forcing."""
        return figures_of_tokens(sums)


def _write(model: Model, batch: Batch, read: Callable[[nn.Module, Hidden], Result]) -> Result:
    """Targets padded at the end need no mask, since the decoder is causal."""
    found: Result = model(batch["inputs"], source=batch["source"], source_mask=batch.get("source_mask"), read=read)
    return found


class Seq2SeqTask(ExampleTask[Config, AnyExample]):
    """A task of an encoder-decoder: it writes a text from a source."""

    @abstractmethod
    def sources(self, tokenizers: Tokenizers, *, truncate: bool = False) -> Sources:
        """How users' sources are read; `truncate` truncates those that are too long."""

    def generator(self, loaded: LoadedModel, *, truncate: bool = False) -> Seq2SeqGenerator:
        """What generates texts from sources.

        Raises:
            UserError: the model is not an encoder-decoder.
        """
        model, config = loaded.model, loaded.config
        if not isinstance(model, EncoderDecoder):
            raise UserError(
                f"{config.task.kind} needs an encoder_decoder, but the model is {config.model.architecture}"
            )
        sources = self.sources(loaded.tokenizers, truncate=truncate)
        return Seq2SeqGenerator(model, sources, loaded.tokenizers.text, config.model.context)

    def search(self, generator: Seq2SeqGenerator, given: Sequence[Any], options: EvaluationOptions) -> list[str]:
        """The best text that beam search finds for each source."""
        beams = BeamOptions(
            num_beams=options.num_beams, length_penalty=options.length_penalty, max_new_tokens=generator.context
        )
        return [best[0]["text"] for best in generator.search(given, beams)]

    def predict(self, loaded: LoadedModel, inputs: Sequence[Any]) -> list[str]:
        """A text per source, by beam search."""
        return self.search(self.generator(loaded), inputs, EvaluationOptions())


class SequenceToSequenceTask(Seq2SeqTask[SequenceToSequenceConfig, Pair]):
    """Translates, summarizes or otherwise rewrites a text."""

    example = Pair
    special_tokens = WRITING

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Pair]:
        """Reads tables, and two files that are parallel line by line."""
        return read_pairs(path, data, skipped)

    def texts(self, example: Pair) -> tuple[Iterable[str], Iterable[str]]:
        """The source is read, and the target is written."""
        return (example.source,), (example.target,)

    def rows(self, tokenizers: Tokenizers, examples: Sequence[Pair], counted: Counter[str]) -> list[PairRow]:
        """Both sides as tokens."""
        limit, truncate = self.config.model.context, self.task_config.truncate
        return PairTokenizers(tokenizers.source, tokenizers.text).rows(examples, limit, counted, truncate=truncate)

    def objective(self, rows: Sequence[Any]) -> SequenceToSequence:
        """Cross-entropy with label smoothing."""
        return SequenceToSequence(self.task_config.label_smoothing)

    def placeholder_row(self) -> PairRow:
        """Both sides of the longest length."""
        tokens = [0] * self.config.model.context
        return PairRow(tokens, tokens)

    def sources(self, tokenizers: Tokenizers, *, truncate: bool = False) -> Sources:
        """Texts."""
        pair = PairTokenizers(tokenizers.source, tokenizers.text)
        return TextSources(pair, self.config.model.context, truncate)

    def measure(self, loaded: LoadedModel, examples: Sequence[Pair], options: EvaluationOptions) -> Report:
        """BLEU, chrF and ROUGE of what beam search writes."""
        generator = self.generator(loaded, truncate=self.task_config.truncate)
        written = self.search(generator, [pair.source for pair in examples], options)
        references = [pair.target for pair in examples]
        reports = bleu(written, references, tokenize=options.tokenize), rouge(written, references)
        figures = {name: value for report in reports for name, value in report.figures.items()}
        cut = {"truncated": generator.truncated} if generator.truncated else {}
        signatures = {name: value for report in reports for name, value in report.signatures.items()}
        return Report({**figures, **cut, "examples": len(examples)}, signatures)
