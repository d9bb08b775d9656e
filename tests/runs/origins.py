"""Runs that go on from runs."""

from collections.abc import Callable
from pathlib import Path

import torch

from cutaway.pipeline import Pipeline, load
from cutaway.runs.origin import going_on
from cutaway.runs.run import Run, start
from runs.kinds import KINDS, begin, write_data
from zoo import Zoo

GENTLY = (
    "train.steps=2",
    "train.batch_size=4",
    "train.device=cpu",
    "train.precision=fp32",
    "train.schedule=constant",
    "data.validation=0.2",
)
MakeOrigin = Callable[[str], Path]


def make_origins(zoo: Zoo) -> MakeOrigin:
    """Gives the folder of a trained run of a kind, which is made when it is first asked for."""
    return lambda kind: zoo.get(f"origin {kind}", lambda folder: begin(kind, folder).train()) / "run"


def go_on(model: Path, folder: Path, kind: str, *choices: str, task: str | None = None, out: str = "further") -> Run:
    """Starts a run in a folder that goes on from a model with the data of a kind."""
    write_data(kind, folder)
    file = KINDS[kind].file
    data = [] if file is None else [f"data.path={folder / file}"]
    pipeline = load(model, "cpu")
    config = going_on(str(model), pipeline, task, [*GENTLY, *data, *choices])
    return start(config, folder / out, origin=pipeline)


def losses(pipeline: Pipeline, run: Run) -> list[torch.Tensor]:
    """What a model makes of the batches that a run is validated with."""
    training_data = run.dataset.training_data()
    assert training_data.validation is not None
    batches = [
        training_data.objective.collate(training_data.validation[i], torch.device("cpu"))
        for i in range(len(training_data.validation))
    ]
    pipeline.model.eval()
    with torch.no_grad():
        return [training_data.objective.loss(pipeline.model, batch)[0] for batch in batches]
