"""What is written beside training: rows that a crash cannot double, and curves that do not overlap."""

import json
from pathlib import Path

import pytest

from cutaway.errors import JobError, UserError
from cutaway.training.callbacks import Callback, JSONLines, Metrics, Samples, TensorBoard, read_rows
from cutaway.training.checkpoints import Progress
from support import require_module


def test_rows_of_later_steps_and_a_torn_one_are_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = JSONLines(path)
    rows.rewind(3)
    assert not path.exists()
    for step in (1, 3, 3, 4):
        rows.append({"step": step, "text": "zwei\nZeilen: ä"})
    path.write_text(path.read_text() + '{"step": 5, "te')
    assert [row["step"] for row in read_rows(path)] == [1, 3, 3, 4]
    rows.rewind(3)
    rows.append({"step": 7})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 3, 3, 7]
    assert read_rows(path)[0]["text"] == "zwei\nZeilen: ä"


def test_a_last_row_that_lacks_only_its_end_of_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}')
    rows = JSONLines(path)
    rows.rewind(2)
    rows.append({"step": 3})
    assert [row["step"] for row in read_rows(path)] == [1, 2, 3]


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"step": 1}\n{"ste\n{"step": 3}\n')
    with pytest.raises(UserError, match=r"rows\.jsonl, line 2 is not JSON$"):
        JSONLines(path).rewind(3)


def test_rows_that_cannot_be_written_are_a_failed_job(tmp_path: Path) -> None:
    rows = JSONLines(tmp_path / "rows")
    (tmp_path / "rows").mkdir()
    with pytest.raises(JobError, match=r"rows could not be written: Is a directory; the last checkpoint is intact$"):
        rows.append({"step": 1})


def test_metrics_tell_kind_step_and_tokens(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "metrics.jsonl")
    metrics.start(Progress())
    metrics.log(Progress(step=3, tokens=12), {"loss": 2.5, "seconds": 1.5})
    metrics.evaluate(Progress(step=4, tokens=16), {"loss": 2.25})
    metrics.start(Progress(step=3, tokens=12))
    assert read_rows(tmp_path / "metrics.jsonl") == [
        {"kind": "train", "step": 3, "tokens": 12, "loss": 2.5, "seconds": 1.5}
    ]


def test_samples_are_written_at_the_start_and_when_it_is_time_each_once(tmp_path: Path) -> None:
    path, shown, texts = tmp_path / "samples.jsonl", [], iter("abcdefg")
    samples = Samples(path, 4, lambda: next(texts), lambda step, text: shown.append((step, text)))
    samples.start(Progress())
    samples.start(Progress())  # killed before the first step, and begun again
    for step in (2, 4, 6, 8):
        samples.step(Progress(step=step))
    assert shown == [(0, "a"), (0, "b"), (4, "c"), (8, "d")]
    assert read_rows(path) == [{"step": step, "text": text} for step, text in shown[1:]]
    samples.start(Progress(step=5))
    assert [row["step"] for row in read_rows(path)] == [0, 4]


def test_what_a_callback_does_not_take_up_passes_it_by() -> None:
    class Idle(Callback):
        """Takes up nothing."""

    idle = Idle()
    assert [idle.start(Progress()), idle.log(Progress(), {}), idle.evaluate(Progress(), {})] == [None] * 3
    assert [idle.step(Progress()), idle.finish(Progress())] == [None] * 2


def test_curves_of_a_resumed_run_do_not_overlap(tmp_path: Path) -> None:
    require_module("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for start, steps in ((0, (1, 2, 3, 4)), (2, (3, 4, 5))):
        board = TensorBoard(tmp_path)
        board.start(Progress(step=start))
        for step in steps:
            board.log(Progress(step=step), {"loss": 10.0 * start + step})
        board.evaluate(Progress(step=steps[-1]), {"loss": 0.5})
        board.finish(Progress(step=steps[-1]))
    curves = EventAccumulator(str(tmp_path)).Reload()
    points = [(event.step, event.value) for event in curves.Scalars("train/loss")]
    assert points == [(1, 1.0), (2, 2.0), (3, 23.0), (4, 24.0), (5, 25.0)]
    assert [event.step for event in curves.Scalars("validation/loss")] == [5]


def test_tensorboard_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(UserError, match=r"TensorBoard is not installed: pip install 'cutaway\[tensorboard\]'$"):
        TensorBoard(tmp_path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"12\n", "line 1 is damaged: its step is not a whole number"),
        (b'{"step": 1e400}\n', "line 1 is damaged: its step is not a whole number"),
        (b'{"step": -1}\n', "line 1 is damaged: its step is not a whole number"),
        (b'{"step": true}\n', "line 1 is damaged: its step is not a whole number"),
        (b'{"kind": "train", "step": 1' + b"0" * 30 + b"}\n", "line 1 is damaged: its step is not a whole number"),
        (b"[" * 99_999 + b"\n{}\n", "line 1 is not JSON"),
        (b"\xff\xfe\n", "cannot be read: 'utf-8' codec"),
        (b'{"step": 1}\n', "line 1 is damaged: its kind is none of train, validation"),
        (b'{"step": 1, "kind": ["train"]}\n', "line 1 is damaged: its kind is none of train, validation"),
        (b'{"step": 1, "kind": "validation", "loss": NaN}\n', "line 1 is damaged: loss is not a finite number"),
        (b'{"step": 1, "kind": "validation", "loss": "2"}\n', "line 1 is damaged: loss is not a finite number"),
        (b'{"step": 1, "kind": "train", "loss": 2}\n', "line 1 is damaged: tokens is not a finite number"),
    ],
)
def test_metrics_are_validated(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        Metrics(path).start(Progress(step=5))
    assert complaint in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("text", ["7", "null", "[]"])
def test_samples_are_validated(text: str, tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_text(f'{{"step": 1, "text": {text}}}\n')
    with pytest.raises(UserError, match=r"samples\.jsonl, line 1 is damaged: it has no text$"):
        Samples(tmp_path / "samples.jsonl", 1, str, lambda step, text: None).start(Progress(step=5))
