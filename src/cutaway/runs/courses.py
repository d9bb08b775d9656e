"""Every task's way from its data to a course."""

from cutaway.config.task import TaskConfig
from cutaway.runs.course import Preparation
from cutaway.runs.examples import ExamplePreparation
from cutaway.runs.generated import GeneratedPreparation
from cutaway.runs.subjects import captions, graphs, pairs, pictures, questions, recordings, sentences, words
from cutaway.runs.text import TextPreparation, language_modeling, masked_language_modeling
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.text.special import UNDERSTANDING


def preparation(task: TaskConfig) -> Preparation:
    """How the data of a task becomes a course."""
    return GeneratedPreparation(task) if isinstance(task, AlgorithmicConfig) else _PREPARATIONS[task.kind]


_PREPARATIONS: dict[str, Preparation] = {
    "language_modeling": TextPreparation(language_modeling),
    "masked_language_modeling": TextPreparation(masked_language_modeling, UNDERSTANDING),
    "sequence_to_sequence": ExamplePreparation(pairs.SUBJECT),
    "sequence_classification": ExamplePreparation(sentences.SUBJECT),
    "image_classification": ExamplePreparation(pictures.SUBJECT),
    "image_captioning": ExamplePreparation(captions.SUBJECT),
    "audio_classification": ExamplePreparation(recordings.SUBJECT),
    "graph_classification": ExamplePreparation(graphs.SUBJECT),
    "token_classification": ExamplePreparation(words.SUBJECT),
    "question_answering": ExamplePreparation(questions.SUBJECT),
}
