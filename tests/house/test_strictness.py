"""Tests run as strictly as they claim to: warnings errors, nothing missing unseen."""

import warnings
from collections.abc import Callable

import pytest

from support import require_binary, require_module


@pytest.mark.parametrize("module", ["cutaway", "cutaway.nn.norms"])
def test_a_warning_from_cutaway_is_an_error(module: str) -> None:
    with pytest.raises(UserWarning, match="odd"):
        warnings.warn_explicit("odd", UserWarning, "file.py", 1, module)


def test_a_warning_from_elsewhere_is_none_of_ours() -> None:
    with pytest.warns(UserWarning, match="odd"):
        warnings.warn_explicit("odd", UserWarning, "file.py", 1, "torch.nn")


def test_what_is_there_is_returned() -> None:
    assert require_module("warnings") is warnings
    assert require_binary("no-such-program", "git").endswith("git")


@pytest.mark.parametrize("require", [require_module, require_binary])
def test_what_lacks_skips_the_test_with_the_reason(
    require: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUTAWAY_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no_such_thing"):
        require("no_such_thing")


@pytest.mark.parametrize("require", [require_module, require_binary])
def test_where_nothing_may_lack_it_fails(require: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no_such_thing"):
        require("no_such_thing")
