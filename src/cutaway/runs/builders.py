"""Every task's way from its data to a dataset."""

from cutaway.config.task import TaskConfig
from cutaway.runs.dataset import DatasetBuilder
from cutaway.runs.examples import ExampleBuilder
from cutaway.runs.generated import GeneratedBuilder
from cutaway.runs.subjects import captions, graphs, images, pairs, questions, recordings, sentences, words
from cutaway.runs.text import TextBuilder, language_modeling, masked_language_modeling
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.text.special import UNDERSTANDING


def dataset_builder(task: TaskConfig) -> DatasetBuilder:
    """How the data of a task becomes a dataset."""
    return GeneratedBuilder(task) if isinstance(task, AlgorithmicConfig) else _BUILDERS[task.kind]


_BUILDERS: dict[str, DatasetBuilder] = {
    "language_modeling": TextBuilder(language_modeling),
    "masked_language_modeling": TextBuilder(masked_language_modeling, UNDERSTANDING),
    "sequence_to_sequence": ExampleBuilder(pairs.SUBJECT),
    "sequence_classification": ExampleBuilder(sentences.SUBJECT),
    "image_classification": ExampleBuilder(images.SUBJECT),
    "image_captioning": ExampleBuilder(captions.SUBJECT),
    "audio_classification": ExampleBuilder(recordings.SUBJECT),
    "graph_classification": ExampleBuilder(graphs.SUBJECT),
    "token_classification": ExampleBuilder(words.SUBJECT),
    "question_answering": ExampleBuilder(questions.SUBJECT),
}
