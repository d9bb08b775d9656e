"""Measuring a model on examples, by the metric that its task is known by."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cutaway.data.audio.recordings import samples_at
from cutaway.data.examples import (
    CaptionedImage,
    Graph,
    LabelledAudio,
    LabelledImage,
    LabelledText,
    Pair,
    Question,
    Tagged,
)
from cutaway.generation.beams import BeamOptions
from cutaway.metrics.answers import answer_report
from cutaway.metrics.captions import caption_report
from cutaway.metrics.classes import classification_report, multi_label_report
from cutaway.metrics.entities import are_entities, entity_report
from cutaway.metrics.report import Report
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import bleu, check_tokenizer
from cutaway.metrics.values import regression_report
from cutaway.pipeline import Pipeline
from cutaway.tasks.audio_classification.config import AudioClassificationConfig
from cutaway.tasks.image_captioning.config import ImageCaptioningConfig
from cutaway.tasks.question_answering.config import QuestionAnsweringConfig
from cutaway.tasks.rows.labels import value_of
from cutaway.tasks.sequence_to_sequence.config import SequenceToSequenceConfig
from cutaway.tasks.shared import ClassificationConfig
from cutaway.tasks.token_classification.config import TokenClassificationConfig
from cutaway.verbs.rewriting import Seq2SeqGenerator


@dataclass(frozen=True)
class WritingOptions:
    """How texts are written that are then compared with references.

    Attributes:
        beams: how many beginnings beam search follows.
        length_penalty: α of Wu et al. 2016, eq. 14.
        tokenize: how BLEU cuts texts into words.

    Raises:
        UserError: BLEU knows no such way: told before the texts are written, which takes long.
    """

    beams: int = 5
    length_penalty: float = 1.0
    tokenize: str = "13a"

    def __post_init__(self) -> None:
        check_tokenizer(self.tokenize)


Measure = Callable[..., Report]
"""Given a pipeline, its task, examples, and how texts are written."""


def pairs(
    pipeline: Pipeline, task: SequenceToSequenceConfig, examples: Sequence[Pair], options: WritingOptions
) -> Report:
    """BLEU, chrF and ROUGE of what beam search writes."""
    seq2seq_generator = pipeline.seq2seq_generator("translate", truncate=task.truncate)
    written = _written(seq2seq_generator, [pair.source for pair in examples], options)
    references = [pair.target for pair in examples]
    reports = bleu(written, references, tokenize=options.tokenize), rouge(written, references)
    figures = {name: value for report in reports for name, value in report.figures.items()}
    cut = {"truncated": seq2seq_generator.truncated} if seq2seq_generator.truncated else {}
    signatures = {name: value for report in reports for name, value in report.signatures.items()}
    return Report({**figures, **cut, "examples": len(examples)}, signatures)


def captions(
    pipeline: Pipeline, task: ImageCaptioningConfig, examples: Sequence[CaptionedImage], options: WritingOptions
) -> Report:
    """Exact match, BLEU and ROUGE-L of what beam search writes."""
    given = [example.pixels.values() for example in examples]
    written = _written(pipeline.seq2seq_generator("caption"), given, options)
    report = caption_report(written, [example.caption for example in examples], tokenize=options.tokenize)
    return Report({**report.figures, "examples": len(examples)}, report.signatures)


def _written(seq2seq_generator: Seq2SeqGenerator, given: Sequence[Any], options: WritingOptions) -> list[str]:
    search = BeamOptions(
        beams=options.beams, length_penalty=options.length_penalty, max_new_tokens=seq2seq_generator.context
    )
    return [best[0]["text"] for best in seq2seq_generator.search(given, search)]


def sentences(
    pipeline: Pipeline, task: ClassificationConfig, examples: Sequence[LabelledText], options: WritingOptions
) -> Report:
    """Accuracy and a report by class, or correlations of numbers; texts that are too long are cut, as in training."""
    return _classified(pipeline, task, examples, [example.text for example in examples])


def images(
    pipeline: Pipeline, task: ClassificationConfig, examples: Sequence[LabelledImage], options: WritingOptions
) -> Report:
    """Accuracy and a report by class, or correlations of numbers."""
    return _judged(task, examples, pipeline.classify([example.pixels.values() for example in examples]))


def recordings(
    pipeline: Pipeline, task: AudioClassificationConfig, examples: Sequence[LabelledAudio], options: WritingOptions
) -> Report:
    """Accuracy and a report by class, or correlations of numbers; those that are too long are cut, as in training."""
    return _classified(pipeline, task, examples, [samples_at(example, task.sample_rate) for example in examples])


def graphs(
    pipeline: Pipeline, task: ClassificationConfig, examples: Sequence[Graph], options: WritingOptions
) -> Report:
    """Accuracy and a report by class, or correlations of numbers."""
    return _judged(task, examples, pipeline.classify(list(examples)))


def _classified(
    pipeline: Pipeline, task: ClassificationConfig, examples: Sequence[Any], inputs: Sequence[Any]
) -> Report:
    truncated: Counter[str] = Counter()
    report = _judged(task, examples, pipeline.classify(inputs, truncated=truncated))
    cut = {"truncated": truncated.total()} if truncated else {}
    return Report({**report.figures, **cut}, report.signatures, report.parts)


def _judged(task: ClassificationConfig, examples: Sequence[Any], found: Sequence[dict[str, Any]]) -> Report:
    labels = task.labels or ()
    if task.problem == "regression":
        return regression_report([one["value"] for one in found], [value_of(example.labels) for example in examples])
    if task.problem == "multi_label":
        return multi_label_report([one["labels"] for one in found], [example.labels for example in examples], labels)
    return classification_report(
        [one["label"] for one in found], [", ".join(example.labels) for example in examples], labels
    )


def words(
    pipeline: Pipeline, task: TokenClassificationConfig, examples: Sequence[Tagged], options: WritingOptions
) -> Report:
    """Precision, recall and F1 of whole entities; of tags that are none, such as parts of speech, of each tag."""
    found = [[one["tag"] for one in row] for row in pipeline.tag_words([example.words for example in examples])]
    true = [example.tags for example in examples]
    if are_entities(task.labels or ()):
        return entity_report(found, true)
    return classification_report(list(chain(*found)), list(chain(*true)), task.labels or ())


def questions(
    pipeline: Pipeline, task: QuestionAnsweringConfig, examples: Sequence[Question], options: WritingOptions
) -> Report:
    """Exact match and F1 of the answers."""
    found = pipeline.answer_all([(example.question, example.context) for example in examples])
    wanted = [[answer.text for answer in example.answers] for example in examples]
    return answer_report([one["answer"] for one in found], wanted)


MEASURES: dict[str, tuple[type[Any], Measure]] = {
    "sequence_to_sequence": (Pair, pairs),
    "image_captioning": (CaptionedImage, captions),
    "sequence_classification": (LabelledText, sentences),
    "image_classification": (LabelledImage, images),
    "audio_classification": (LabelledAudio, recordings),
    "graph_classification": (Graph, graphs),
    "token_classification": (Tagged, words),
    "question_answering": (Question, questions),
}
