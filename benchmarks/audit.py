"""What the tests of mutated files, planted bugs, other libraries' models and wrong commands find, counted.

    python benchmarks/audit.py mutations --count 5000
    python benchmarks/audit.py mutants
    python benchmarks/audit.py families
    python benchmarks/audit.py refusals

Needs the dependencies of the tests, whose code it runs.
"""

import argparse
import inspect
import io
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from rich.table import Table

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from fuzz.seeds import write_seeds  # noqa: E402
from fuzz.trials import OUTCOMES, trials  # noqa: E402
from hub.parity import Case, answers, bring, difference, example  # noqa: E402
from hub.test_families import CASES  # noqa: E402

SHOWN = Console(width=140)


def mutations(count: int) -> None:
    """The outcomes of mutated files by kind, and the most time and memory that one needed."""
    with tempfile.TemporaryDirectory() as scratch:
        found = trials(count, write_seeds(Path(scratch, "seeds")), Path(scratch))
    table = Table("file", "mutations", *OUTCOMES, "most seconds", "most MB")
    for kind in [*dict.fromkeys(one.kind for one in found), "all"]:
        these = [one for one in found if kind in (one.kind, "all")]
        counts = Counter(one.outcome for one in these)
        most = f"{max(one.seconds for one in these):.2f}", f"{max(one.bytes for one in these) / 1e6:.0f}"
        table.add_row(kind, f"{len(these):,}", *(f"{counts[name]:,}" for name in OUTCOMES), *most)
    SHOWN.print(table)
    for one in found:
        if one.outcome not in OUTCOMES[:2]:
            print(f"{one.kind} {one.number}: {one.outcome}: {one.detail}")


def mutants() -> None:
    """How many planted bugs the property finds that is meant to; in a fresh interpreter, with the checks of shapes."""
    words = ["tests/checks/test_mutants.py", "-k", "test_a_bug_is_found", "-q", "--tb=no", "-rA"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=TESTS.parent, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^(PASSED|FAILED) .*\[(\w+) of (.*)\]", done.stdout, re.MULTILINE)
    counts = Counter(status for status, *_ in found)
    bugs = len({name for _, name, _ in found})
    print(f"{len(found)} planted bugs, {bugs} of them different; {counts['PASSED']} caught, {counts['FAILED']} not")


@torch.no_grad()
def families() -> None:
    """The largest relative difference of logits from those of transformers, of tiny models of every family."""
    table = Table("family", "models", "alone", "padded")
    found: dict[str, list[tuple[float, float]]] = {}
    for case in CASES:
        found.setdefault(case.config.removesuffix("Config"), []).append(_differences(case))
    rows = [*sorted(found.items()), ("all", [one for several in found.values() for one in several])]
    for name, several in rows:
        table.add_row(name, str(len(several)), *(f"{max(numbers):.1e}" for numbers in zip(*several, strict=True)))
    SHOWN.print(table)


def _differences(case: Case) -> tuple[float, float]:
    """The differences without and with padding, which images do not have."""
    with tempfile.TemporaryDirectory() as scratch:
        model, imported = bring(case, Path(scratch))
        padded = example(model, case.padding)
        found = []
        for one in (padded.alone(), padded):
            ours, theirs = imported.model(one.inputs, **one.ours), answers(case, model, one.theirs)
            if one.mask is not None and ours.shape[:2] == one.mask.shape:
                ours, theirs = ours[one.mask.bool()], theirs[one.mask.bool()]
            found.append(difference(ours, theirs))
    return found[0], found[1]


class Refusals:
    """Counts, as pytest collects them, the tests that require a refusal of one line."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Counts each case of a parametrised test."""
        for item in items:
            function = item.function if isinstance(item, pytest.Function) else None
            if function is not None and any(LINE.search(source) for source in _sources(function)):
                self.counts[str(item.path.relative_to(TESTS).parts[0])] += 1


LINE = re.compile(r'"\\n" not in|count\("\\n"\) == 1')
"""How a test says that a message is one line."""


def _sources(function: Callable[..., Any]) -> Iterator[str]:
    """The source of a test, and of the helpers of tests that it calls by name."""
    pending, seen = [inspect.unwrap(function)], set()
    while pending:
        one = pending.pop()
        seen.add(one)
        yield inspect.getsource(one)
        for name in one.__code__.co_names:
            helper = one.__globals__.get(name)
            if inspect.isfunction(helper) and Path(helper.__code__.co_filename).is_relative_to(TESTS):
                pending += {inspect.unwrap(helper)} - seen


def refusals() -> None:
    """How many cases of tests require that a wrong command, file or choice is refused in one line."""
    counter = Refusals()
    words = ("--collect-only", "-qq", "--no-summary", "-p", "no:cacheprovider", "-m", "heavy or not heavy")
    with redirect_stdout(io.StringIO()):
        status = pytest.main([*words, f"--rootdir={TESTS.parent}", str(TESTS)], plugins=[counter])
    assert status == pytest.ExitCode.OK, status
    table = Table("tests", "cases that require one line")
    for folder, count in sorted(counter.counts.items()):
        table.add_row(folder, str(count))
    table.add_row("all", str(counter.counts.total()))
    SHOWN.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("mutations", "mutants", "families", "refusals"))
    parser.add_argument("--count", type=int, default=5000, help="of mutations (default: %(default)s)")
    arguments = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
    print(f"Python {platform.python_version()}, {packages}, {torch.backends.cpu.get_cpu_capability()}")
    parts = {"mutants": mutants, "families": families, "refusals": refusals}
    parts.get(arguments.part, lambda: mutations(arguments.count))()


if __name__ == "__main__":
    main()
