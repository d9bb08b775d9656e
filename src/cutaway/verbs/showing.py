"""From what a person gives to what a model is shown."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from cutaway.config.embedding import FrameEmbeddingConfig, PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.data.audio.recordings import samples_of
from cutaway.data.examples import Graph
from cutaway.data.images.pixels import image_of
from cutaway.errors import UserError
from cutaway.tasks.audio_classification.config import AudioClassificationConfig
from cutaway.tasks.audio_classification.task import frame_rows, hear, listener
from cutaway.tasks.graph_classification.config import GraphClassificationConfig
from cutaway.tasks.graph_classification.task import graph_rows
from cutaway.tasks.image_classification.task import image_rows
from cutaway.tasks.rows.sentences import sentences
from cutaway.tasks.rows.texts import cut
from cutaway.tasks.sequence_classification.config import SequenceClassificationConfig
from cutaway.tasks.shared import ImagesConfig
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import require_fitting, require_short


def show(
    config: RunConfig, tokenizer: Tokenizer | None, given: Sequence[Any], truncated: Counter[str] | None
) -> list[Any]:
    """Each input as numbers, by the task that the model was trained for.

    Args:
        config: of the run.
        tokenizer: of the run, where it has one.
        given: texts; or paths of images, or their pixels as arrays (height, width, channels);
            or paths of recordings, or their samples as arrays; or graphs.
        truncated: counts inputs that are cut because they are too long; without it, they are refused.

    Raises:
        UserError: an input cannot be read, or is not what the model takes.
    """
    return _SHOWN[config.task.kind](config.model, config.task, tokenizer, given, truncated)


def _texts(
    model: ModelConfig,
    task: SequenceClassificationConfig,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    truncated: Counter[str] | None,
) -> list[list[int]]:
    rows = sentences(tokenizer, texts)
    if truncated is not None:
        return cut(rows, model.context, truncated)
    require_fitting(rows, model.context)
    return rows


def _images(
    model: ModelConfig, task: ImagesConfig, tokenizer: None, images: Sequence[Any], truncated: Counter[str] | None
) -> list[Any]:
    embedding = model.input_embedding(PatchEmbeddingConfig)
    return image_rows([image_of(image, embedding) for image in images], task)


def _recordings(
    model: ModelConfig,
    task: AudioClassificationConfig,
    tokenizer: None,
    recordings: Sequence[Any],
    truncated: Counter[str] | None,
) -> list[Any]:
    limit, samples = model.context, [samples_of(recording, task.sample_rate) for recording in recordings]
    mel = listener(task, model.input_embedding(FrameEmbeddingConfig))
    if truncated is None:
        require_short([len(one) for one in samples], mel.samples(limit), task.sample_rate)
    return frame_rows(hear(mel, samples, limit, Counter() if truncated is None else truncated), task)


def _graphs(
    model: ModelConfig,
    task: GraphClassificationConfig,
    tokenizer: Tokenizer,
    graphs: Sequence[Any],
    truncated: Counter[str] | None,
) -> list[Any]:
    for one in graphs:
        if not isinstance(one, Graph):
            raise UserError(f"a graph is expected, not {type(one).__name__}: read_edge_lists reads graphs from a file")
    return graph_rows(tokenizer, graphs, model.context, model.longest_path)


_SHOWN: dict[str, Callable[..., list[Any]]] = {
    "sequence_classification": _texts,
    "image_classification": _images,
    "image_captioning": _images,
    "audio_classification": _recordings,
    "graph_classification": _graphs,
}
