"""Checkpoints are there whole or not at all, and a damaged one is told in a line."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from cutaway.config.optimizer import AdamWConfig, MuonConfig
from cutaway.errors import JobError, UserError
from cutaway.training.callbacks import Metrics
from cutaway.training.checkpoints import Checkpoints, Progress
from cutaway.training.optimizers import Optimizer, make_optimizer
from training.limits import largest_file
from training.setups import same, small_model, trainer, weights

ADAMW = AdamWConfig()
FILES = ["model.safetensors", "optimizer.safetensors", "progress.json"]


def trained(steps: int, config: AdamWConfig | MuonConfig = ADAMW) -> tuple[torch.nn.Module, Optimizer, Progress]:
    model = small_model()
    optimizer = make_optimizer(config, model)
    for step in range(steps):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, 0.1 * step + 0.1)
        optimizer.step()
    return model, optimizer, Progress(steps, tokens=7 * steps, best=1.5, window_loss=0.25, window_steps=1)


def fresh() -> tuple[torch.nn.Module, Optimizer]:
    model = small_model(seed=5)
    return model, make_optimizer(ADAMW, model)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def load_fails(folder: Path) -> str:
    with pytest.raises(UserError) as raised:
        Checkpoints(folder, keep=2).load(*fresh())
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("steps", [0, 3])
def test_all_comes_back(tmp_path: Path, steps: int) -> None:
    model, optimizer, progress = trained(steps)
    Checkpoints(tmp_path, keep=2).save(model, optimizer, progress)
    found, other = fresh()
    assert Checkpoints(tmp_path, keep=2).load(found, other) == progress
    assert same(weights(found), weights(model))
    assert same(other.named_state(), optimizer.named_state())


def test_where_nothing_was_saved_nothing_is_loaded(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, keep=2).load(*fresh()) is None


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_last_few_are_kept_in_the_order_of_their_steps(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep)
    (tmp_path / "step-best").mkdir()  # whoever made it will want to keep it
    for steps in (0, 2, 9, 10, 11):
        checkpoints.save(*trained(steps))
        assert (tmp_path / "latest").read_text() == f"step-{steps}\n"
        assert (tmp_path / f"step-{steps}").is_dir()
    kept = ["step-11", "step-10", "step-9"][:keep]
    assert names(tmp_path) == sorted(["latest", "step-best", *kept])
    Checkpoints(tmp_path, keep=1).save(*trained(11))  # saved already, but as if killed before old ones were removed
    assert names(tmp_path) == ["latest", "step-11", "step-best"]


def test_the_latest_is_never_taken_away_to_be_written_anew(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(*trained(2))
    before = (tmp_path / "step-2").stat()
    checkpoints.save(*trained(2))
    assert (tmp_path / "step-2").stat() == before


def test_what_a_killed_save_left_behind_does_no_harm(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(*trained(2))
    (tmp_path / "step-4.tmp").mkdir()
    (tmp_path / "step-4.tmp" / "model.safetensors").write_text("half")
    (tmp_path / "step-4").mkdir()
    (tmp_path / "step-4" / "progress.json").write_text("from a save that was killed before it was named the latest")
    progress = checkpoints.load(*fresh())
    assert progress is not None
    assert progress.step == 2
    checkpoints.save(*trained(4))
    assert names(tmp_path) == ["latest", "step-2", "step-4"]
    assert names(tmp_path / "step-4") == ["digests.json", *FILES]


@pytest.mark.parametrize(("call", "left"), [(1, []), (4, []), (9, []), (15, ["step-4"])])
def test_a_full_disk_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, left: list[str]
) -> None:
    checkpoints, sync = Checkpoints(tmp_path, keep=2), os.fsync
    model, optimizer, progress = trained(2)
    checkpoints.save(model, optimizer, progress)
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobError, match=r"could not be written: the disk is full; what was saved before is untouched$"):
        checkpoints.save(*trained(4))
    assert len(calls) == call
    assert names(tmp_path) == ["latest", "step-2", *left]
    found, other = fresh()
    assert checkpoints.load(found, other) == progress
    assert same(weights(found), weights(model))
    assert same(other.named_state(), optimizer.named_state())
    checkpoints.save(*trained(4))
    assert names(tmp_path) == ["latest", "step-2", "step-4"]


def test_a_system_that_takes_no_more_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(*trained(0))
    weights_fit = (tmp_path / "step-0/model.safetensors").stat().st_size + 1000  # the optimizer's state does not
    with largest_file(weights_fit), pytest.raises(JobError, match=r"optimizer\.safetensors could not be written: "):
        checkpoints.save(*trained(2))
    assert names(tmp_path) == ["latest", "step-0"]


def test_a_kill_while_old_ones_are_removed_leaves_none_half_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(*trained(2))

    def killed(path: Path, *_: Any, **__: Any) -> None:
        (path / "model.safetensors").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(*trained(4))
    assert names(tmp_path) == ["latest", "step-2.tmp", "step-4"]
    checkpoints.save(*trained(6))
    assert names(tmp_path) == ["latest", "step-6"]


def test_a_checkpoint_that_cannot_be_removed_does_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(*trained(2))

    def busy(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.EBUSY, "in use")

    monkeypatch.setattr("shutil.rmtree", busy)
    with pytest.warns(UserWarning, match=r"step-2 cannot be removed: in use$"):
        checkpoints.save(*trained(4))
    assert (tmp_path / "latest").read_text() == "step-4\n"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [Path.unlink, truncate, lambda path: path.write_bytes(b"\xff" * 99)])
def test_a_damaged_file_is_named(tmp_path: Path, file: str, damage: Callable[[Path], Any]) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    path = tmp_path / "step-2" / file
    if damage is truncate and path.suffix == ".json":
        path.write_text(path.read_text().strip())
    damage(path)
    assert load_fails(tmp_path).startswith(f"{path} cannot be read: ")


@pytest.mark.parametrize("content", [[1], {"steps": 3}, None])
def test_progress_that_is_none_is_told(tmp_path: Path, content: Any) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    path = tmp_path / "step-2" / "progress.json"
    path.write_text(json.dumps(content))
    assert load_fails(tmp_path) == f"{path} does not hold the progress of a run"


def test_the_name_of_a_checkpoint_that_is_gone_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    for steps in (2, 10):
        Checkpoints(tmp_path, keep=2).save(*trained(steps))
    (tmp_path / "latest").write_text("step-7\n")
    assert (
        load_fails(tmp_path) == f"{tmp_path / 'latest'} names step-7, which does not exist; there is: step-2, step-10"
    )


def test_training_does_not_begin_anew_because_the_name_of_the_latest_is_lost(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(*trained(0))
    (tmp_path / "latest").unlink()
    assert checkpoints.load(*fresh()) is None, "killed in its very first save"
    checkpoints.save(*trained(2))
    (tmp_path / "latest").unlink()
    assert load_fails(tmp_path) == f"{tmp_path / 'latest'} is missing: write into it one of step-0, step-2"


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.safetensors"])
def test_tensors_of_another_model_are_named_up_to_five_and_counted(tmp_path: Path, file: str) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    path = tmp_path / "step-2" / file
    save_file({"strange": torch.ones(2)}, path)
    count = len(list(small_model().parameters())) * (3 if file.startswith("optimizer") else 1)
    message = load_fails(tmp_path)
    assert message.startswith(f"{path} misses decoder.")
    assert message.endswith(f" and {count - 5} more ({count} in all)")
    assert message.count(", ") == 4


def test_the_state_of_another_optimizer_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2, MuonConfig()))
    matrix = "decoder.0.self_attention.query.weight"
    names = ", ".join(f"{matrix}:{what}" for what in ("step", "exp_avg", "exp_avg_sq"))
    assert f"optimizer.safetensors misses {names}, " in load_fails(tmp_path)


def test_metrics_on_a_full_disk_stop_the_run_and_what_was_saved_is_good(tmp_path: Path) -> None:
    choices = {"steps": 6, "log_every": 1, "save_every": 2, "evaluate_every": 6}
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        json.dumps({"kind": "train", "step": 0, "tokens": 0, "loss": 1, "seconds": 0, "filling": "x" * 90_000}) + "\n"
    )
    with largest_file(90_500), pytest.raises(JobError, match=r"metrics\.jsonl could not be written: .*is intact$"):
        trainer(tmp_path, callbacks=[Metrics(path)], **choices).run()
    assert (tmp_path / "checkpoints/latest").read_text() in ("step-0\n", "step-2\n")
    assert trainer(tmp_path, callbacks=[Metrics(path)], **choices).run().step == 6
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4, 5, 6, 6]


def damage(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"step": float("inf")}, "step is inf, and must be a whole number of usual size"),
        ({"step": 2.0}, "step is 2.0, and must be a whole number of usual size"),
        ({"step": True}, "step is True, and must be a whole number of usual size"),
        ({"tokens": -1}, "tokens is -1, and must be a whole number of usual size"),
        ({"tokens": 10**30}, f"tokens is {10**30}, and must be a whole number of usual size"),
        ({"samples": "4"}, "samples is '4', and must be a whole number of usual size"),
        ({"best": float("nan")}, "best is nan, and must be a number of usual size"),
        ({"seconds": None}, "seconds is None, and must be a number of usual size"),
        ({"window_loss": [1]}, "window_loss is [1], and must be a number of usual size"),
        ({"step": 3}, "its step is 3, but its folder is step-2"),
    ],
)
def test_progress_is_validated(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    path = tmp_path / "step-2" / "progress.json"
    damage(path, **changes)
    assert load_fails(tmp_path) == f"{path} is damaged: {complaint}"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"../step-2", b"step-2\nstep-2", b"step-" + b"x" * 999])
def test_latest_is_validated(tmp_path: Path, content: bytes) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    (tmp_path / "latest").write_bytes(content)
    message = load_fails(tmp_path)
    assert message.startswith(f"{tmp_path / 'latest'} holds ")
    assert message.endswith(", not the name of a checkpoint: write into it one of step-2")
    assert len(message) < 400


@pytest.mark.parametrize("file", FILES)
def test_a_flipped_bit_is_found(tmp_path: Path, file: str) -> None:
    Checkpoints(tmp_path, keep=2).save(*trained(2))
    path = tmp_path / "step-2" / file
    content = path.read_bytes()
    flipped = content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]
    path.write_bytes(content.replace(b"1.5", b"1.7") if file == "progress.json" else flipped)
    assert load_fails(tmp_path).startswith(f"{path} has other content than was written: copy it back, or accept ")
    (tmp_path / "step-2" / "digests.json").unlink()  # as in a checkpoint of an earlier version
    assert Checkpoints(tmp_path, keep=2).load(*fresh()) is not None
