"""Tensors go to disk whole or not at all and come back as they went; what is wrong with a file is told in a line."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cutaway.errors import JobError, UserError
from cutaway.model.run_folder import (
    RunFolder,
    read_average,
    read_json,
    read_tensors,
    read_weights,
    write_json,
    write_tensors,
    write_weights,
)
from training.limits import largest_file

SHAPES = {f"{letter}.weight": torch.Size((i + 2, 3)) for i, letter in enumerate("abcdefg")}


def tensors(fill: float = 1.0) -> dict[str, Tensor]:
    return {name: torch.full(shape, fill) for name, shape in SHAPES.items()}


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_space_says_the_library(*_: object, **__: object) -> None:
    raise SafetensorError("I/O error: No space left on device (os error 28)")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("call", "fail"),
    [("os.fsync", no_space), ("cutaway.model.run_folder.save_file", no_space_says_the_library)],
)
def test_a_full_disk_leaves_the_old_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, fail: Callable[..., None]
) -> None:
    path = tmp_path / "file.safetensors"
    write_tensors(path, tensors(1.0))
    monkeypatch.setattr(call, fail)
    with pytest.raises(JobError, match=r"the disk is full; what was saved before is untouched$"):
        write_tensors(path, tensors(2.0))
    monkeypatch.undo()
    assert (read_tensors(path, SHAPES)["a.weight"] == 1).all()
    assert names(tmp_path) == ["file.safetensors"]


def test_a_system_that_takes_no_more_leaves_the_old_tensors(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_tensors(path, tensors(1.0))
    with largest_file(2000), pytest.raises(JobError, match=r"file\.safetensors could not be written: .*ile too large"):
        write_tensors(path, {"x": torch.zeros(5000)})
    assert (read_tensors(path, SHAPES)["a.weight"] == 1).all()
    assert names(tmp_path) == ["file.safetensors"]


def test_tensors_come_back_as_they_went(tmp_path: Path) -> None:
    given = {
        "transposed": torch.arange(6.0).view(2, 3).mT,
        "half": torch.ones(2, dtype=torch.bfloat16),
        "scalar": torch.tensor(7.5),
        "needs a gradient": torch.ones(3, requires_grad=True),
    }
    write_tensors(tmp_path / "x", given)
    found = read_tensors(tmp_path / "x", {name: tensor.shape for name, tensor in given.items()})
    assert all(torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype for name, tensor in given.items())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.pop("c.weight"), "misses c.weight (1 in all)"),
        (lambda t: t.clear(), "misses a.weight, b.weight, c.weight, d.weight, e.weight and 2 more (7 in all)"),
        (lambda t: t.update(x=torch.ones(1)), "holds weights that the model does not have: x (1 in all)"),
        (
            lambda t: t.update({name: torch.ones(3, 2) for name in list(t)[1:]}),
            "does not fit the model in the shape of b.weight, c.weight, d.weight, e.weight, f.weight and 1 more "
            "(6 in all)",
        ),
    ],
    ids=["one is missing", "all are missing", "one is left over", "shapes differ"],
)
def test_what_does_not_fit_is_named_up_to_five_and_counted(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], object], complaint: str
) -> None:
    given = tensors()
    change(given)
    save_file(given, tmp_path / "x.safetensors")
    with pytest.raises(UserError) as raised:
        read_tensors(tmp_path / "x.safetensors", SHAPES)
    assert str(raised.value) == f"{tmp_path / 'x.safetensors'} {complaint}"


def truncate(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 100),
        lambda path: path.write_text("no tensors, but words"),
        lambda path: truncate(path, 0.02),
        lambda path: truncate(path, 0.9),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["missing", "empty", "binary", "text", "cut in its header", "cut in its data", "a folder"],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, tensors())
    damage(path)
    with pytest.raises(
        UserError, match=r"x\.safetensors (cannot be read: |is a folder, where a file is expected)"
    ) as raised:
        read_tensors(path, SHAPES)
    assert "\n" not in str(raised.value)


def test_json_comes_back_as_it_went(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"x": [1, None, "ß"]})
    assert read_json(tmp_path / "x.json") == {"x": [1, None, "ß"]}


@pytest.mark.parametrize("content", [None, b"", b'{"x": ', b"\xff\xfe"])
def test_damaged_json_is_named_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json cannot be read: ") as raised:
        read_json(tmp_path / "x.json")
    assert "\n" not in str(raised.value)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def test_a_shared_weight_is_written_once_and_stays_shared(tmp_path: Path) -> None:
    model, other = Tied(), Tied()
    write_weights(tmp_path / "x", model)
    assert list(load_file(tmp_path / "x")) == ["embed.weight"]
    read_weights(tmp_path / "x", other)
    assert other.head.weight is other.embed.weight
    assert torch.equal(other.head.weight, model.embed.weight)


def test_weights_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    write_weights(tmp_path / "x", nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 6)))
    with pytest.raises(UserError, match=r"in the shape of 1\.weight, 1\.bias \(2 in all\)$"):
        read_weights(tmp_path / "x", model)
    assert all(torch.equal(weight, before[name]) for name, weight in model.named_parameters())


def test_a_folder_says_what_it_lacks(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(UserError, match=r"there is no folder .*run$"):
        folder.require()
    folder.path.mkdir()
    with pytest.raises(UserError, match=r"is not a run folder: it has no run\.yaml$"):
        folder.require(folder.weights)
    folder.run.touch()
    folder.require()
    with pytest.raises(UserError, match=r"lacks model\.safetensors$"):
        folder.require(folder.weights)


def linear(fill: float) -> nn.Linear:
    layer = nn.Linear(3, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(12.0).view(4, 3) * fill)
        layer.bias.fill_(fill)
    return layer


def checkpoint(folder: RunFolder, step: int, fill: float) -> Path:
    path = folder.checkpoints / f"step-{step}" / "model.safetensors"
    path.parent.mkdir(parents=True)
    write_weights(path, linear(fill))
    return path


@pytest.mark.parametrize("fills", [(5.0,), (1.0, 4.0), (2.0, -7.0, 0.5, 8.0)])
def test_an_average_is_the_mean_of_all_weights(fills: tuple[float, ...], tmp_path: Path) -> None:
    folder, model = RunFolder(tmp_path), linear(99.0)
    read_average([checkpoint(folder, step, fill) for step, fill in enumerate(fills)], model)
    expected = linear(sum(fills) / len(fills))
    torch.testing.assert_close(dict(model.named_parameters()), dict(expected.named_parameters()))


def test_weights_of_another_shape_are_not_averaged(tmp_path: Path) -> None:
    good = checkpoint(RunFolder(tmp_path), 1, 1.0)
    write_weights(tmp_path / "other", nn.Linear(4, 3))
    with pytest.raises(UserError, match=r"other does not fit the model in the shape of weight, bias \(2 in all\)$"):
        read_average([good, tmp_path / "other"], linear(1.0))


def test_the_last_checkpoints_are_those_of_the_last_steps(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    paths = {step: checkpoint(folder, step, 1.0) for step in (1000, 90, 0, 200)}
    (folder.checkpoints / "latest").write_text("step-1000")
    (folder.checkpoints / "step-2000.tmp").mkdir()
    write_weights(folder.checkpoints / "step-2000.tmp" / "model.safetensors", linear(1.0))
    assert folder.last_checkpoints(1) == [paths[1000]]
    assert folder.last_checkpoints(3) == [paths[step] for step in (90, 200, 1000)]
    for count in (0, 5):
        said = f"has 4 checkpoints, but the mean of {count} is requested: train.keep sets how many are kept"
        with pytest.raises(UserError, match=said):
            folder.last_checkpoints(count)


def test_weights_have_the_mode_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    for _ in range(2):
        write_tensors(tmp_path / "model.safetensors", {"a": torch.ones(3)})
        assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode
