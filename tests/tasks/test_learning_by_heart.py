"""Whatever the task, eight examples can be learnt by heart: the loss falls until all are right."""

from pathlib import Path

import pytest
import torch

from cutaway.tasks.base import TrainingData, evaluate
from tasks.pupils import CONTEXT, PUPILS, VOCABULARY
from training.setups import Fixed, small_model, trainer

STEPS = 60
QUIET = {"log_every": STEPS, "evaluate_every": STEPS, "save_every": STEPS}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", PUPILS)
def test_eight_examples_are_learnt_by_heart(name: str, tmp_path: Path) -> None:
    pupil = PUPILS[name]
    model = small_model(vocabulary=VOCABULARY, context=CONTEXT, layers=1, **pupil.model)
    examples = Fixed(pupil.batch(pupil.rows))
    training_data = TrainingData(pupil.objective, examples, examples)
    before = evaluate(model, pupil.objective, examples, torch.float32)
    progress = trainer(
        tmp_path, model, training_data, optimizer={"learning_rate": 0.02, "weight_decay": 0}, steps=STEPS, **QUIET
    ).run()
    after = evaluate(model, pupil.objective, examples, torch.float32)
    assert progress.best == after["loss"] < 0.5 * before["loss"]
    assert before[pupil.figure] < 1
    assert after[pupil.figure] == 1
