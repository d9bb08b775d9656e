"""When numbers stop being numbers, training stops, says where it began, and the last checkpoint is intact."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.errors import JobError
from cutaway.model.run_folder import read_weights
from cutaway.tap import capture
from cutaway.tasks.base import Batch, TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress
from cutaway.training.diagnosis import explain_non_finite
from cutaway.training.optimizers import Optimizer
from training.setups import Fixed, small_model, trainer, training_data, weights, windows

STEM = "decoder.{}.feedforward"
UP = STEM + ".up"


class Explode(torch.autograd.Function):
    """Passes everything on; the gradient overflows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * math.inf


def after(model: nn.Module, module: str, change: Any) -> None:
    """Changes what a module gives."""
    model.get_submodule(module).register_forward_hook(lambda _, inputs, output: change(output))


def not_a_number(x: Tensor) -> Tensor:
    return x.where(torch.arange(x.numel()).view_as(x) != 17, math.nan)


def cause(folder: Path, model: nn.Module, content: TrainingData | None = None, **choices: Any) -> str:
    """What a run says when it fails in its first step."""
    with pytest.raises(JobError) as raised:
        trainer(folder, model, content, **choices).run()
    message = str(raised.value)
    assert "\n" not in message
    assert "the last checkpoint is intact" in message
    return message


def test_the_first_value_in_the_order_of_the_pass_is_named(tmp_path: Path) -> None:
    model = small_model()
    for layer in (1, 0):
        after(model, UP.format(layer), not_a_number)
    message = cause(tmp_path, model)
    assert message.startswith("loss nan and gradient norm nan at step 1: the value of decoder.0.feedforward.hidden is")


def test_a_capture_of_the_user_s_is_no_hindrance(tmp_path: Path) -> None:
    model = small_model()
    after(model, UP.format(1), not_a_number)
    with capture(model, "decoder.*.feedforward.hidden") as trace:
        message = cause(tmp_path, model)
    assert "the value of decoder.1.feedforward.hidden is the first" in message
    assert trace["decoder.1.feedforward.hidden"].isnan().any()
    assert trace["decoder.0.feedforward.hidden"].isfinite().all()


def test_the_first_gradient_in_the_order_of_the_way_back_is_named(tmp_path: Path) -> None:
    model = small_model()
    for layer in (0, 1):
        after(model, UP.format(layer), Explode.apply)
    message = cause(tmp_path, model)
    assert "at step 1: the gradient of decoder.1.feedforward.input is the first" in message
    assert math.isfinite(float(message.split()[1])), "the loss is fine"


def test_a_gradient_that_only_a_weight_has_is_named(tmp_path: Path) -> None:
    model = small_model()
    model.get_parameter("decoder.norm.weight").register_hook(lambda gradient: gradient / 0)
    assert "the gradient of the weight decoder.norm.weight is the first" in cause(tmp_path, model)


def test_a_sum_that_overflows_is_no_tap_s_fault(tmp_path: Path) -> None:
    class Steep(LanguageModeling):
        def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
            loss, count = super().loss(model, batch)
            return loss * 1e30, count

    content = TrainingData(Steep(), training_data().training, None)
    message = cause(tmp_path, small_model(), content)
    assert "gradient norm inf at step 1: every number is finite, but their sum is not" in message


@pytest.mark.parametrize("gradient_accumulation", [1, 2])
def test_the_same_dropout_is_met_again(tmp_path: Path, gradient_accumulation: int) -> None:
    """An overflow that only some draws bring about."""
    messages = []
    for step in range(12):
        model = small_model(dropout=0.5)
        after(model, UP.format(1), lambda x: x / (torch.rand(()) > 0.3))
        try:
            trainer(tmp_path, model, gradient_accumulation=gradient_accumulation).step(step, 1.0)
        except JobError as error:
            messages.append(str(error))
    assert 0 < len(messages) < 12
    assert all("the value of decoder.1.feedforward.hidden is the first" in message for message in messages)


@pytest.mark.parametrize("when", ["between steps", "by an update"])
def test_a_broken_weight_is_named_and_never_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    model, update = small_model(), Optimizer.step
    good: dict[int, dict[str, Tensor]] = {}

    def plant(progress: Progress) -> None:
        if progress.step == 5:
            model.get_parameter("decoder.1.self_attention.key.weight").data[3, 2] = math.inf

    class Planter(Callback):
        def log(self, progress: Progress, figures: Any) -> None:
            good[progress.step] = weights(model)
            if when == "between steps":
                plant(progress)

    def broken_update(self: Optimizer) -> None:
        update(self)
        if when == "by an update":
            plant(Progress(step=len(good) + 1))

    monkeypatch.setattr(Optimizer, "step", broken_update)
    choices = {"steps": 9, "log_every": 1, "evaluate_every": 9, "save_every": 1 if when == "by an update" else 2}
    with pytest.raises(JobError, match=r"the weight decoder.1.self_attention.key.weight is the first") as raised:
        trainer(tmp_path, model, callbacks=[Planter()], **choices).run()
    assert {"by an update": "after step 5: ", "between steps": "at step 6: "}[when] in str(raised.value)
    monkeypatch.undo()
    saved = small_model(seed=7)
    assert (tmp_path / "checkpoints/latest").read_text() == "step-4\n"
    read_weights(tmp_path / "checkpoints/step-4/model.safetensors", saved)
    for name, weight in weights(saved).items():
        assert torch.equal(weight, good[4][name])
    assert trainer(tmp_path, small_model(), **choices).run().step == 9, "and it can be gone on from"


def test_a_validation_loss_that_is_no_number_stops_too(tmp_path: Path) -> None:
    model = small_model()
    first = weights(model)
    after(model, UP.format(0), lambda x: x if model.training else not_a_number(x))
    with pytest.raises(JobError, match=r"^validation loss nan after step 3: the value of decoder.0.feedforward.hidden"):
        trainer(tmp_path, model, steps=6, evaluate_every=3, save_every=1).run()
    assert model.training
    assert (tmp_path / "checkpoints/latest").read_text() == "step-2\n"
    best = small_model(seed=7)
    read_weights(tmp_path / "model.safetensors", best)
    assert all(torch.equal(weight, first[name]) for name, weight in weights(best).items())


def test_a_healthy_model_has_nothing_to_explain() -> None:
    model, task = small_model(), LanguageModeling()
    batch = task.collate(Fixed(windows(90)[0])[0], torch.device("cpu"))
    assert "every number is finite" in explain_non_finite(model, lambda: task.loss(model, batch)[0].backward())
    assert all(weight.grad is None for weight in model.parameters())
