"""What a run's data will tell of its model, guessed without preparing it: for counting."""

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import (
    ByteTokenizer,
    CharTokenizer,
    FileTokenizer,
    OriginTokenizer,
    ProteinTokenizer,
    TokenizerConfig,
)
from cutaway.data.scan import scan_source
from cutaway.data.sources import open_source
from cutaway.errors import UserError
from cutaway.runs.dataset import with_labels, with_model
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.tasks.algorithmic.generated import vocabulary
from cutaway.text.amino_acids import AMINO_ACIDS
from cutaway.text.tokenizer import Tokenizer

BYTES = 256
LABELS = 2
SIDE, COLOURS = 14, 3
"""Patches on each side of a picture, and its channels."""


def with_expected_sizes(config: RunConfig) -> RunConfig:
    """Fills in how many tokens and labels the model will know, as far as that is open.

    A learnt vocabulary may end with fewer tokens than it is asked for; special tokens of characters, bytes and amino
    acids are not counted. Labels are taken to be two, or the symbols of a computation; pictures to have 14 × 14 patches
    in three colours.
    """
    config = _with_pictures(config)
    model = config.model
    if model.vocabulary is None and config.task.spec.has_text:
        config = with_model(config, vocabulary=_expected(config, config.tokenizer))
    if config.source_tokenizer is not None and model.source_vocabulary is None:
        config = with_model(config, source_vocabulary=_expected(config, config.source_tokenizer))
    if model.head.kind in ("sequence", "token") and model.head.labels is None:
        known = getattr(config.task, "labels", None)
        config = with_labels(config, getattr(config.task, "symbols", len(known) if known else LABELS))
    return config


def _with_pictures(config: RunConfig) -> RunConfig:
    """Fills in the size of pictures, and how many vectors an encoder reads of each."""
    for key in ("embedding", "source_embedding"):
        embedding = getattr(config.model, key)
        if isinstance(embedding, PatchEmbeddingConfig):
            side = SIDE * embedding.patch
            height, width = embedding.height or side, embedding.width or side
            size = {"height": height, "width": width, "channels": embedding.channels or COLOURS}
            config = with_model(config, **{key: embedding.model_copy(update=size)})
            if key == "embedding":
                patches = (height // embedding.patch) * (width // embedding.patch)
                config = with_model(config, context=patches + embedding.cls)
    return config


def _expected(config: RunConfig, tokenizer: TokenizerConfig) -> int:
    if isinstance(config.task, AlgorithmicConfig):
        return vocabulary(config.task.operation, config.task.symbols)
    match tokenizer:
        case CharTokenizer():
            with open_source(config.data) as source:
                scan, alphabet = scan_source(source, lambda done, total: None)
            return len(alphabet) + (scan.documents > 1)
        case ByteTokenizer():
            return BYTES
        case ProteinTokenizer():
            return len(AMINO_ACIDS)
        case FileTokenizer(path=path):
            return Tokenizer.load(path).vocabulary
        case OriginTokenizer():
            raise UserError("a run that goes on from a model keeps its tokens: leave model.vocabulary out")
        case learnt:
            return learnt.vocabulary
