"""Whatever changes in a run's files is found before it changes a result, unless it is accepted."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import UserError
from cutaway.model import digests
from cutaway.runs.run import resume
from cutaway.runs.verification import accept_run, verify_run
from runs.kinds import begin

TEXT, CLASSES = "language_modeling", "sequence_classification"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Trained runs, which tests copy."""
    folders = {}
    for kind in (TEXT, CLASSES):
        run = begin(kind, tmp_path_factory.mktemp("runs"))
        run.train()
        folders[kind] = run.folder.path
    return folders


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "copy"))


def flip(path: Path) -> None:
    """Changes a byte, and leaves time and size as they are."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-2] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def failures(folder: Path) -> dict[str, str | None]:
    return {file.path: file.complaint for file in verify_run(folder).failures}


@pytest.mark.parametrize("kind", [TEXT, CLASSES])
def test_every_file_is_verified(kind: str, trained: dict[str, Path], tmp_path: Path) -> None:
    out = copy(trained[kind], tmp_path)
    names = [file.path for file in verify_run(out).files]
    data = {"manifest.json", "tokens/training-00000.npy", "tokens/validation-00000.npy"}
    if kind == CLASSES:
        data = {f"examples/{name}" for name in ("manifest.json", "training.jsonl", "validation.jsonl")}
    steps = [
        f"checkpoints/step-{n}/{name}"
        for n in (0, 2)
        for name in ("model.safetensors", "optimizer.safetensors", "progress.json")
    ]
    assert set(names) == data | {"run.yaml", "config.json", "model.safetensors", "tokenizer.json", *steps}
    assert verify_run(out).passed
    for name in names:
        flip(out / name)
        assert failures(out) == {name: "has other content than was written"}
        flip(out / name)
        (out / name).rename(tmp_path / "away")
        if name != "run.yaml":
            assert failures(out) == {name: "is missing"}
        (tmp_path / "away").rename(out / name)
    assert verify_run(out).passed


@pytest.mark.parametrize("name", ["tokens/training-00000.npy", "config.json", "model.safetensors", "run.yaml"])
@pytest.mark.parametrize("large", [False, True])
def test_a_changed_run_is_not_resumed(
    name: str, large: bool, trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = copy(trained[TEXT], tmp_path)
    if large:
        monkeypatch.setattr(digests, "LARGE", 1)
    if name == "run.yaml":
        (out / name).write_text((out / name).read_text().replace("seed: 0", "seed: 1", 1))
    elif name == "tokens/training-00000.npy":
        tokens = np.load(out / name)
        np.save(out / name, tokens[::-1])
    else:
        flip(out / name)
    os.utime(out / name)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=rf"{name} has other content than was written: copy it back, or accept all"):
        resume(out, ["train.steps=4"])
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert accept_run(out).passed
    assert resume(out, ["train.steps=4"]).train().step == 4
    assert verify_run(out).passed


def test_a_large_file_is_trusted_by_size_and_time_until_it_is_verified(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = copy(trained[TEXT], tmp_path)
    name = "tokens/training-00000.npy"
    tokens = np.load(out / name)
    times = (out / name).stat()
    np.save(out / name, tokens[::-1])
    os.utime(out / name, ns=(times.st_atime_ns, times.st_mtime_ns))
    monkeypatch.setattr(digests, "LARGE", 1)
    resume(out, ["train.steps=4"]).lock.release()
    assert failures(out) == {name: "has other content than was written"}


def test_runs_of_earlier_versions_open_without_digests(trained: dict[str, Path], tmp_path: Path) -> None:
    out = copy(trained[TEXT], tmp_path)
    for path in list(out.rglob("digests.json")):
        path.unlink()
    assert verify_run(out).passed
    assert (
        verify_run(out).summary == "0 files are as they were written, 13 have no digest, as in runs of earlier versions"
    )
    assert resume(out, ["train.steps=4"]).train().step == 4
    assert accept_run(out).passed
    assert verify_run(out).summary == "13 files are as they were written"


@pytest.mark.parametrize(
    "content", ["[]", '{"run.yaml": 3}', '{"run.yaml": [{"sha256": 3}]}', "{", '{"run.yaml": [[]]}']
)
def test_damaged_digests_are_reported(content: str, trained: dict[str, Path], tmp_path: Path) -> None:
    out = copy(trained[TEXT], tmp_path)
    (out / "digests.json").write_text(content)
    for use in (verify_run, resume):
        with pytest.raises(UserError, match=r"digests\.json (does not hold digests|cannot be read)"):
            use(out)


def test_what_is_missing_cannot_be_accepted(trained: dict[str, Path], tmp_path: Path) -> None:
    out = copy(trained[TEXT], tmp_path)
    (out / "checkpoints/step-2/progress.json").unlink()
    with pytest.raises(UserError, match=r"step-2/progress\.json is missing, which cannot be accepted: copy it back$"):
        accept_run(out)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda tokens: tokens.astype(np.int64), "holds int64 in 1 dimensions, not token ids in uint16"),
        (lambda tokens: tokens.reshape(1, -1), "holds uint16 in 2 dimensions, not token ids in uint16"),
        (
            lambda tokens: np.where(np.arange(len(tokens)) == 9, 500, tokens).astype(np.uint16),
            "holds the token id 500, but",
        ),
    ],
)
def test_token_ids_are_checked(
    change: Callable[[np.ndarray], np.ndarray], complaint: str, trained: dict[str, Path], tmp_path: Path
) -> None:
    out = copy(trained[TEXT], tmp_path)
    path = out / "tokens/training-00000.npy"
    np.save(path, change(np.load(path)))
    for found in out.rglob("digests.json"):
        found.unlink()
    with pytest.raises(UserError, match=complaint):
        resume(out)
