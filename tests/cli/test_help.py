"""Help: nothing is cut in a narrow terminal, and examples are commands that exist."""

import re
import shlex
from collections.abc import Iterator

import pytest
import typer

from cli.command import printed
from cutaway.cli.app import COMMANDS, app

GROUP = typer.main.get_command(app)


def options(command: str) -> set[str]:
    """The names of the options of a command."""
    return {name for option in GROUP.commands[command].params for name in (*option.opts, *option.secondary_opts)}


def examples() -> Iterator[tuple[str, list[str]]]:
    """Each command that the help of a command shows, with its words."""
    for name in COMMANDS:
        for paragraph in (GROUP.commands[name].help or "").split("\n\n"):
            if paragraph.startswith("cutaway "):
                yield name, shlex.split(paragraph.partition(" > ")[0])


@pytest.mark.parametrize("width", [50, 79, 80, 132])
@pytest.mark.parametrize("command", [*COMMANDS, ""], ids=lambda command: command or "cutaway")
def test_no_name_is_cut_and_no_line_is_too_long(command: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = printed(*([command] if command else []), "--help")
    assert max(map(len, text.splitlines())) <= width + 1, "a long key may be split after its bracket"
    assert "…" not in text
    assert "..." not in re.sub(r"[\w\]}]\.\.\.", "", text), "summaries are whole; an ellipsis repeats an argument"
    names = COMMANDS if not command else [name for name in options(command) if name.startswith("--")]
    assert [name for name in names if name not in text] == []


def test_paragraphs_are_wrapped_by_the_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for name in COMMANDS:
        about, *_ = re.split("╭|Arguments:|Options:", printed(name, "--help"))
        for line, following in zip(about.splitlines(), about.splitlines()[1:], strict=False):
            word = following.split()[0] if following.strip() else " " * 100
            assert not line.strip() or len(line.strip()) + 1 + len(word) > 98 or "cutaway" in line + word, (name, line)


@pytest.mark.parametrize(("name", "words"), list(examples()), ids=lambda value: value if isinstance(value, str) else "")
def test_an_example_is_of_its_command_and_has_options_that_exist(name: str, words: list[str]) -> None:
    assert words[1] == name
    assert {word for word in words if word.startswith("--")} <= options(name)


def test_most_commands_have_an_example() -> None:
    shown = {name for name, _ in examples()}
    assert shown >= {"train", "generate", "classify", "translate", "summarize", "evaluate", "export", "plan", "config"}


def test_what_reads_numbers_says_so() -> None:
    for name in ("sort", "reverse", "copy", "add"):
        (file,) = (option for option in GROUP.commands[name].params if option.name == "file")
        assert "numbers of one input per line" in file.help
