"""Running out of memory is one line, with what the run needs."""

import re
from pathlib import Path

import pytest
import torch

from cutaway.display import size
from cutaway.errors import JobError, is_out_of_memory
from cutaway.model.cost import saved_for_backward
from cutaway.runs.memory import explain_memory
from cutaway.training.loop import Trainer
from runs.kinds import KINDS, begin

TORCH_SAYS = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "400000000000000 bytes. Error code 12 (Cannot allocate memory)"
)


def test_torch_says_so() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 56, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize("error", [RuntimeError(TORCH_SAYS), MemoryError()])
@pytest.mark.parametrize("place", ["cutaway.runs.run.Trainer.step", "cutaway.runs.run.Trainer.__init__"])
def test_it_says_what_the_run_needs(
    place: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin("language_modeling", tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(place, fail)
    with pytest.raises(JobError) as raised:
        run.train()
    said = str(raised.value)
    assert "\n" not in said
    weights = sum(weight.nbytes for weight in run.model.parameters())
    assert said.startswith(
        f"out of memory: this run needs {size(4 * weights)} for weights, gradients and the optimizer"
    )
    data = run.dataset.training_data()
    batch = data.objective.collate(data.training[0], torch.device("cpu"))
    expected = saved_for_backward(run.model, lambda: data.objective.loss(run.model, batch)[0])
    about = re.search(r"and about ([0-9.]+) KB for the activations of a batch; cpu has ", said)
    assert about is not None
    assert float(about[1]) == pytest.approx(expected / 1000, rel=0.03)
    assert "Try train.gradient_accumulation=2, a smaller train.batch_size" in said


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_explained(kind: str, tmp_path: Path) -> None:
    assert "for the activations of a batch" in explain_memory(begin(kind, tmp_path).config)


def test_memory_that_is_short_even_for_one_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin("language_modeling", tmp_path)

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("cutaway.runs.memory.saved_for_backward", fail)
    assert "for weights, gradients and the optimizer; cpu has " in explain_memory(run.config)


def test_other_errors_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin("language_modeling", tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Trainer, "step", fail)
    with pytest.raises(RuntimeError, match=r"^a defect$"):
        run.train()
