"""What a config does not say is asked for, where it is needed."""

import pytest

from cutaway.config.embedding import FrameEmbeddingConfig, PatchEmbeddingConfig, TokenEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.config.position import ShortestPathConfig
from cutaway.errors import UserError
from cutaway.tasks.audio_classification.config import AudioClassificationConfig

PATCHES = PatchEmbeddingConfig(patch=2, channels=3, height=4, width=6)


def test_a_model_reads_what_it_embeds_and_an_encoder_decoder_its_source() -> None:
    captioner = ModelConfig(architecture="encoder_decoder", source_embedding=PATCHES)
    assert captioner.input_embedding(PatchEmbeddingConfig) is PATCHES
    assert ModelConfig().input_embedding(TokenEmbeddingConfig) == TokenEmbeddingConfig()
    with pytest.raises(UserError, match="the model reads patches, but frames are needed here"):
        captioner.input_embedding(FrameEmbeddingConfig)


def test_sizes_are_known_only_if_they_are_given() -> None:
    assert PATCHES.shape == (3, 4, 6)
    assert ModelConfig(vocabulary=7).known_vocabulary == 7
    assert AudioClassificationConfig(mean=0.0, std=2.0).statistics == (0.0, 2.0)
    with pytest.raises(UserError, match="give channels, height and width of patches"):
        _ = PATCHES.model_copy(update={"height": None}).shape
    with pytest.raises(UserError, match=r"give model\.vocabulary"):
        _ = ModelConfig().known_vocabulary
    with pytest.raises(UserError, match=r"give task\.mean and task\.std"):
        _ = AudioClassificationConfig(mean=0.0).statistics


def test_paths_are_told_apart_only_by_positions_of_graphs() -> None:
    assert ModelConfig(architecture="encoder", position=ShortestPathConfig(max_distance=9)).longest_path == 9
    assert ModelConfig().longest_path == 0
