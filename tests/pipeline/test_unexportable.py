"""Whether a model can be exported is known before it has weights."""

from pathlib import Path

import pytest
import torch

from cutaway.config.reading import load_preset, override, presets
from cutaway.config.run import RunConfig
from cutaway.config.task import trained_kinds
from cutaway.config.tokenizer import WordTokenizer
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.pipeline import Pipeline
from cutaway.pipeline.exporting import unexportable
from cutaway.runs.requirements import chosen_by_task, require_model
from cutaway.tasks.dataset import with_labels, with_model
from cutaway.tasks.task import task_of
from cutaway.text.special import UNDERSTANDING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer
from support import require_module

TEXT = ["the quick brown fox jumps over the lazy dog", "a red house, and a small dog"] * 9
TINY = (
    *("model.width=32", "model.layers=4", "model.attention.heads=4", "model.context=37"),
    "model.feedforward.hidden=48",
)


def config_of(preset: str, task: str, *choices: str) -> RunConfig | None:
    """A small run of a preset for a task, or None if the preset cannot be trained for it."""
    config = load_preset(preset)
    try:
        config = override(config, chosen_by_task(task, config))
        require_model(config)
    except UserError:
        return None
    learns = config.task.spec.has_text and config.tokenizer.kind not in ("char", "byte", "protein")
    size = ["tokenizer.vocabulary=280"] if learns else []
    return override(config, [*TINY, *size, "model.vocabulary=none", *choices])


PAIRS = [(preset, task) for preset in presets() for task in trained_kinds() if config_of(preset, task) is not None]


def pipeline(config: RunConfig) -> Pipeline:
    """A model with random weights, none of them zero, and a tokenizer of its kind."""
    tokenizer: Tokenizer | None = None
    if config.task.spec.has_text and config.task.kind != "algorithmic":
        specials = getattr(task_of(config), "special_tokens", ())
        tokenizer = train_tokenizer(config.tokenizer, TEXT, alphabet=set("".join(TEXT)), specials=specials)
        config = with_model(config, vocabulary=tokenizer.vocabulary)
    elif config.task.spec.has_text:
        config = with_model(config, vocabulary=task_of(config).expected_vocabulary())
    for key in ("embedding", "source_embedding"):
        read = getattr(config.model, key)
        if read is not None and read.kind == "patches":
            size = {"height": 2 * read.patch, "width": 3 * read.patch, "channels": 2}
            config = with_model(config, **{key: read.model_copy(update=size)})
    if getattr(config.model.head, "labels", 0) is None:
        config = with_labels(config, task_of(config).expected_labels())
    model = build(config.model).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    return Pipeline(model, tokenizer, config)


@pytest.mark.parametrize(
    ("preset", "task"), [pytest.param(*pair, marks=pytest.mark.heavy if i % 6 else ()) for i, pair in enumerate(PAIRS)]
)
def test_it_agrees_with_an_export(preset: str, task: str, tmp_path: Path) -> None:
    require_module("transformers")
    require_agreement(config_of(preset, task), tmp_path)


def test_a_bias_that_a_format_lacks_is_seen_before_it_is_trained(tmp_path: Path) -> None:
    config = config_of("gpt2-small", "sequence_classification", "model.head.bias=true")
    require_agreement(config, tmp_path)
    assert config is not None
    assert unexportable(config) == "gpt2 cannot hold this model: a matrix has a bias, but the format has none"


@pytest.mark.parametrize("preset", ["gpt2-small", "llama-nano", "gpt-micro"])
def test_classifiers_of_decoders_are_exported(preset: str) -> None:
    config = config_of(preset, "sequence_classification")
    assert config is not None
    assert unexportable(config) is None


def test_a_tokenizer_from_a_file_needs_a_padding_token(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    config = override(load_preset("bert-nano"), ["tokenizer=file", f"tokenizer.path={path}"])
    for specials, fits in ((UNDERSTANDING, True), (UNDERSTANDING[1:], False)):
        train_tokenizer(WordTokenizer(vocabulary=99), TEXT, specials=specials).save(path)
        assert (unexportable(config) is None) == fits


def test_the_nearest_formats_are_named() -> None:
    config = config_of("bert-nano", "sequence_classification", "model.head.pooling=mean")
    assert config is not None
    said = "no format of transformers holds this model: roberta-prelayernorm cannot hold model.head.pooling=mean"
    assert str(unexportable(config)).startswith(said)


def require_agreement(config: RunConfig | None, folder: Path) -> None:
    """Exports a model of this run, or fails to for the same reason."""
    assert config is not None
    reason = unexportable(config)
    if reason is None:
        assert pipeline(config).export(folder / "out").difference < 1e-4
        return
    with pytest.raises(UserError) as error:
        pipeline(config).export(folder / "out")
    assert str(error.value) == reason
