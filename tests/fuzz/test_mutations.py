"""Mutated files open, or are refused in one line, within bounded time and memory.

`CUTAWAY_MUTATIONS` sets how many are tried in the heavy tier.
"""

import os
from pathlib import Path

import pytest

from fuzz.openers import ACCEPTED, OPENERS, REFUSED, tried
from fuzz.seeds import write_seeds
from fuzz.trials import trials, written
from support import require_path

MUTATIONS = int(os.environ.get("CUTAWAY_MUTATIONS", "300"))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_seeds(tmp_path_factory.mktemp("seeds"))


def test_what_is_not_mutated_opens(seeds: dict[str, Path]) -> None:
    assert seeds.keys() == OPENERS.keys()
    for kind, path in seeds.items():
        for opener in OPENERS[kind]:
            opener(path)


@pytest.mark.parametrize("kind", OPENERS)
def test_a_few_mutated_files_open_or_are_refused_in_one_line(kind: str, seeds: dict[str, Path], tmp_path: Path) -> None:
    for number in range(3):
        assert tried(kind, written(seeds[kind], number, tmp_path / str(number))) in (ACCEPTED, REFUSED), number


@pytest.mark.heavy
def test_mutated_files_need_bounded_time_and_memory(seeds: dict[str, Path], tmp_path: Path) -> None:
    require_path("/proc/self/clear_refs")
    found = trials(MUTATIONS, seeds, tmp_path)
    assert len(found) == MUTATIONS
    wrong = [
        f"{one.kind} {one.number}: {one.outcome}: {one.detail}"
        for one in found
        if one.outcome not in (ACCEPTED, REFUSED)
    ]
    if wrong:  # an assertion would compare long texts
        pytest.fail(f"{len(wrong)} problems:\n" + "\n".join(wrong[:20]), pytrace=False)
