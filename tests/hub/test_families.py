"""Every family, here and in `transformers`, and out to it again."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from cutaway.hub.families import FAMILIES
from hub import families
from hub.parity import Case, require_parity, require_round_trip
from support import require_module

CASES = [
    case
    for found in pkgutil.iter_modules(families.__path__)
    for case in importlib.import_module(f"hub.families.{found.name}").CASES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_are_the_same(case: Case, tmp_path: Path) -> None:
    require_parity(case, tmp_path)


FIRST = {case.model: case for case in reversed(CASES)}
"""A case of each of their classes."""


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.heavy] * (case is not FIRST[case.model])) for case in CASES], ids=str
)
def test_out_and_in_again(case: Case, tmp_path: Path) -> None:
    require_round_trip(case, tmp_path)


def test_no_family_is_left_out() -> None:
    transformers = require_module("transformers")
    assert {getattr(transformers, case.config).model_type for case in CASES} == set(FAMILIES)
