"""The reference page is what the code says of itself."""

import subprocess
import sys

import pytest

from cutaway.cli.app import app
from cutaway.config.reference import all_keys
from support import ROOT

PAGE = ROOT / "docs/reference.md"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("reference") / "reference.md"
    subprocess.run([sys.executable, ROOT / "docs/make_reference.py", file], check=True, timeout=300)
    return file.read_text(encoding="utf-8")


def test_the_page_is_up_to_date(generated: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == generated, "run make reference"


def test_it_has_every_key_command_and_option(generated: str) -> None:
    for key in all_keys():
        assert f"| `{key.key}` | {key.type} |" in generated
    for command in app.registered_commands:
        assert f"### `cutaway {command.name or command.callback.__name__}`\n" in generated
    for option in ("`--from MODEL`", "`--json`", "`--measure`, `--no-measure`", "`--temperature NUMBER` | `1.0` |"):
        assert option in generated


def test_every_section_is_there_once(generated: str) -> None:
    titles = [line for line in generated.splitlines() if line.startswith("#")]
    assert len(titles) == len({*titles})


def test_public_names_have_signatures(generated: str) -> None:
    assert "| `load(path: str \\| Path, device: str='auto'" in generated
    assert "| `UserError` | A user's mistake, in one line that says what is wrong and how to fix it. |" in generated
