"""Training with compiled code: the same losses for every task, and a run like any other afterwards."""

from pathlib import Path

import pytest

from cutaway.training.callbacks import Callback
from runs.kinds import KINDS
from support import ROOT, require_binary, run_python
from training.setups import same, small_model, trainer, weights

COMPILED = f"""
import sys
from pathlib import Path

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
import cutaway
from cutaway.pipeline import load
from cutaway.runs.run import resume
from cutaway.training.callbacks import Callback
from runs.kinds import begin

STEPS = 4

class Losses(Callback):
    def __init__(self):
        self.losses, self.first = [], []

    def compiled(self, seconds):
        self.first.append(seconds)

    def log(self, progress, figures):
        self.losses.append((progress.step, figures["loss"], figures["gradient_norm"]))

def losses_of(run):
    seen = Losses()
    run.train([seen])
    return seen

kind, folder = sys.argv[1], Path(sys.argv[2])
common = ("train.log_every=1", f"train.steps={{STEPS}}")
eager, fast = (begin(kind, folder, *common, f"train.compile={{word}}", out=word) for word in ("false", "true"))
expected, found = losses_of(eager), losses_of(fast)
assert expected.first == [], "nothing is compiled unless it is chosen"
assert len(found.first) == 1, "the time of the first step is told once"
assert len(found.losses) == STEPS and len({{loss for _, loss, _ in found.losses}}) == STEPS
torch.testing.assert_close(torch.tensor(found.losses), torch.tensor(expected.losses), rtol=2e-4, atol=1e-5)
assert list(fast.model.state_dict()) == list(eager.model.state_dict())

resumed = resume(folder / "true", [f"train.steps={{STEPS + 2}}"])
plain = resume(folder / "false", [f"train.steps={{STEPS + 2}}"])
expected, found = losses_of(plain), losses_of(resumed)
assert [step for step, *_ in found.losses] == [STEPS + 1, STEPS + 2]
torch.testing.assert_close(torch.tensor(found.losses), torch.tensor(expected.losses), rtol=2e-4, atol=1e-5)
loaded = load(folder / "true", "cpu")
report = cutaway.check(loaded)
assert report.passed, report
print("passed")
"""


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_without_compiling(kind: str, tmp_path: Path) -> None:
    require_binary("g++")
    assert run_python(COMPILED, kind, str(tmp_path), timeout=600).endswith("passed\n")


def test_without_a_compiler_training_goes_on_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    seen: list[float] = []

    class First(Callback):
        def compiled(self, seconds: float) -> None:
            seen.append(seconds)

    plain, uncompiled = small_model(), small_model()
    trainer(tmp_path / "plain", plain, steps=2).run()
    with pytest.warns(UserWarning, match="there is no no-such-compiler: training goes on without compiling"):
        trainer(tmp_path / "other", uncompiled, callbacks=[First()], steps=2, compile=True).run()
    assert same(weights(plain), weights(uncompiled))
    assert not seen
