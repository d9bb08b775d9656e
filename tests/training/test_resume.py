"""A run that was stopped, at any instant, and taken up again ends with the same bytes as one that never was."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from support import require_attributes

require_attributes("os", "fork")
require_attributes("signal", "SIGKILL")

RUN = {
    "model": {"context": 8, "width": 16, "layers": 1, "attention": {"heads": 2}, "dropout": 0.1},
    "train": {
        "steps": 14,
        "batch_size": 4,
        "gradient_accumulation": 2,
        "optimizer": "muon",
        "log_every": 3,
        "evaluate_every": 4,
        "save_every": 5,
        "sample_every": 3,
        "sample_tokens": 5,
    },
}
KILLS = int(os.environ.get("CUTAWAY_KILLS", "6"))
"""At random instants."""
TIMINGS = {"seconds", "tokens_per_second"}


@pytest.mark.heavy
def test_killed_at_any_touch_of_a_file_or_at_any_time(tmp_path: Path) -> None:
    ends = killed(*range(1, 9), *range(10, 171, 8))
    touches = Random(1).choices(range(20, 60), k=7)
    ends["killed again and again"] = [{"touch": n} for n in touches]
    after = {f"killed after some time, {n}": n for n in range(0, KILLS, 6)}
    for name, first in after.items():
        ends[name] = [{"seconds": Random(n).uniform(0.03, 0.2)} for n in range(first, first + 6)]
    statuses = live(tmp_path, {"never stopped": [], **ends})
    assert all(status == [-signal.SIGKILL, 0] for name, status in statuses.items() if "touch" in name)
    assert set(statuses["killed again and again"][:-1]) == {-signal.SIGKILL}
    assert {status for name in after for status in statuses[name]} <= {-signal.SIGKILL, 0}
    assert_all_the_same(tmp_path, ends)


def test_stopped_by_a_signal_between_two_saves_or_killed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    signals = {"ctrl-c": signal.SIGINT, "sigterm": signal.SIGTERM, "sighup": signal.SIGHUP}
    stops = {name: [{"step": 6, "signal": number}] for name, number in signals.items()}
    kills = killed(6, 50, 114)
    statuses = live(tmp_path, {"never stopped": [], **stops, **kills})
    expected = {"never stopped": [0], "ctrl-c": [130, 0], "sigterm": [143, 0], "sighup": [129, 0]}
    assert statuses == expected | {name: [-signal.SIGKILL, 0] for name in kills}
    said = " ".join(capfd.readouterr().err.split())
    for name in signals:
        assert f"stopped and saved at step 7; go on with: cutaway train --resume {tmp_path / name}" in said
    assert_all_the_same(tmp_path, {**stops, **kills})


def killed(*touches: int) -> dict[str, list[dict[str, Any]]]:
    """Runs that end just before they touch a file for the n-th time."""
    return {f"killed before touch {n}": [{"touch": n}] for n in touches}


def assert_all_the_same(folder: Path, names: Iterable[str]) -> None:
    straight = files(folder / "never stopped")
    assert len(straight) == 19
    for name in names:
        assert differing(files(folder / name), straight) == [], name


def live(folder: Path, ends: dict[str, list[dict[str, Any]]]) -> dict[str, list[int]]:
    """Gives each of these runs its ends; returns the exit statuses of its lives."""
    text, config = folder / "text.txt", folder / "config.yaml"
    text.write_text("".join(Random(0).choices("abc def\n", k=3000)))
    config.write_text(json.dumps({**RUN, "data": {"path": str(text)}}))
    jobs = {str(folder / name): {"config": str(config), "ends": life} for name, life in ends.items()}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("mortal.py")],
        input=json.dumps(jobs),
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # threads do not survive a fork
        stdout=subprocess.PIPE,
        text=True,
        timeout=300 + 10 * KILLS,
        check=True,
    )
    return {Path(out).name: statuses for out, statuses in json.loads(done.stdout).items()}


def files(out: Path) -> dict[str, Any]:
    """What every file of a run holds, but for the time that training took."""
    found: dict[str, Any] = {}
    for path in out.rglob("*"):
        name = str(path.relative_to(out))
        if path.name in ("metrics.jsonl", "progress.json"):
            rows = map(json.loads, path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()])
            found[name] = [{key: value for key, value in row.items() if key not in TIMINGS} for row in rows]
        elif path.name == "digests.json":
            digests = json.loads(path.read_text())
            found[name] = {file: [one["sha256"] for one in several] for file, several in digests.items()}
            found[name].pop("progress.json", None)  # it holds timings
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def differing(found: dict[str, Any], straight: dict[str, Any]) -> list[str]:
    return [name for name in sorted({*found, *straight}) if found.get(name) != straight.get(name)]
