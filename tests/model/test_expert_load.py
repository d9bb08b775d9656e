"""Each evaluation tells how evenly experts are used, and looking at a model meanwhile is still possible."""

import json
from pathlib import Path

import pytest
import torch

from cutaway.tap import capture
from cutaway.tasks.base import evaluate
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.callbacks import Metrics
from training.setups import CONTEXT, small_model, trainer, windows

EXPERTS = {"kind": "experts", "experts": 6, "experts_per_token": 2, "shared": 1, "hidden": 5}
WHOLE = 12 * CONTEXT + 1
"""So many tokens fill their windows."""


def figures(model: torch.nn.Module, batch_size: int = 3) -> dict[str, float]:
    return evaluate(model, LanguageModeling(), windows(WHOLE, batch_size=batch_size), torch.float32)


def test_it_is_the_largest_of_all_layers_loads_in_multiples_of_an_even_one() -> None:
    model = small_model(feedforward=EXPERTS).eval()
    inputs = torch.from_numpy(windows(WHOLE, batch_size=12)[0][0])
    with torch.no_grad(), capture(model, "*.load") as trace:
        model(inputs)
    assert len(trace) == 2
    expected = max(6 * load.max().item() for load in trace.values())
    assert figures(model)["expert_load"] == pytest.approx(expected)
    assert 1 < expected <= 3, "with two of six chosen, an expert can have three times its share"


@pytest.mark.parametrize("batch_size", [1, 5, 12])
def test_it_does_not_depend_on_how_examples_are_batched(batch_size: int) -> None:
    model = small_model(feedforward=EXPERTS)
    assert figures(model, batch_size) == pytest.approx(figures(model), rel=1e-5)


def test_where_all_are_chosen_the_load_is_even() -> None:
    assert figures(small_model(feedforward=EXPERTS | {"experts_per_token": 6}))["expert_load"] == 1


def test_a_model_without_experts_has_no_such_figure() -> None:
    assert "expert_load" not in figures(small_model())


def test_a_model_can_be_measured_while_it_is_looked_at() -> None:
    model = small_model(feedforward=EXPERTS)
    with capture(model, edits={"decoder.0.feedforward.out": lambda _, x: 0 * x}):
        silenced = figures(model)
    assert silenced["loss"] != figures(model)["loss"]
    assert not any(module._forward_hooks for module in model.modules()), "all is undone"


def test_training_writes_it_down(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    model = small_model(feedforward=EXPERTS, multi_token_prediction=1)
    trainer(tmp_path, model, steps=4, evaluate_every=2, callbacks=[Metrics(file)]).run()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    validation = [row for row in rows if row["kind"] == "validation"]
    assert len(validation) == 2
    assert all(1 <= row["expert_load"] <= 3 and 0 <= row["multi_token_accuracy"] <= 1 for row in validation)
