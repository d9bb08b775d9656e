"""ViT, here and in `transformers`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.tasks.images import image_rows
from cutaway.tasks.shared import ImagesConfig
from hub.families.vit import CASES, SIZES
from hub.parity import Case, bring, require_parity
from support import require_module


@pytest.mark.parametrize(
    "options",
    [
        {"image_mean": [0.4, 0.3, 0.2], "image_std": [0.1, 0.2, 0.3]},
        {"image_mean": [0.4, 0.3, 0.2], "image_std": [0.1, 0.2, 0.3], "rescale_factor": 0.1},
        {"image_mean": [0.4, 0.3, 0.2], "image_std": [0.1, 0.2, 0.3], "do_rescale": False},
        {"do_normalize": False},
    ],
    ids=str,
)
def test_images_are_brought_to_the_same_scale(options: dict[str, Any], tmp_path: Path) -> None:
    size = {"height": 12, "width": 18}
    processor = require_module("transformers").ViTImageProcessorPil(size=size, **options)
    _, imported = bring(Case("ViTConfig", "ViTForImageClassification", SIZES | {"num_channels": 3}), tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 18, 3), dtype=np.uint8)
    if options.get("do_rescale") is False:
        images = images.astype(np.float32)
    expected = processor(list(images), return_tensors="np", input_data_format="channels_last")["pixel_values"]
    for name in ("model", "again"):
        imported = import_folder(tmp_path / name)
        assert isinstance(imported.config.task, ImagesConfig)
        np.testing.assert_allclose(image_rows(list(images), imported.config.task), expected, rtol=1e-5, atol=1e-5)
        export_folder(imported.model, imported.config, tmp_path / "again", {})


def test_who_says_nothing_of_images_is_told_what_is_taken_for_granted(tmp_path: Path) -> None:
    _, imported = bring(CASES[0], tmp_path)
    assert [note for note in imported.notes if "12 × 18 pixels" in note]
    assert [note for note in imported.notes if "no preprocessor_config.json" in note]


def test_means_of_other_channels_are_refused(tmp_path: Path) -> None:
    bring(CASES[0], tmp_path)
    processor = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.1, 0.2]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    with pytest.raises(UserError, match="has image_mean of 3 channels, but the model has 2"):
        import_folder(tmp_path)


def test_one_channel_of_theirs_is_read_as_it_is(tmp_path: Path) -> None:
    case = Case("ViTConfig", "ViTForImageClassification", SIZES | {"num_channels": 1})
    require_parity(case, tmp_path / "one")
    imported = import_folder(tmp_path / "one")
    assert imported.config.model.input_embedding(PatchEmbeddingConfig).channels == 1
    config = json.loads((tmp_path / "one/config.json").read_text())
    (tmp_path / "one/config.json").write_text(json.dumps(config | {"num_channels": 2, "grey": True}))
    with pytest.raises(UserError, match="a grey picture is read as 3 channels or as one"):
        import_folder(tmp_path / "one")
