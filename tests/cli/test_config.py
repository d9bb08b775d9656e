"""Keys and commands are looked up by what a person calls them."""

import json
import re

import pytest

from cli.command import printed
from cutaway.cli.app import COMMANDS
from cutaway.config.reference import all_keys, find_keys


def test_every_key_is_listed_with_type_default_and_meaning() -> None:
    told = printed("config")
    for key in all_keys():
        assert f"{key.key}=" in told
        assert f"({key.type})" in told
        assert f"    {key.meaning}\n" in told
    assert "tokenizer.path=…  (text)\n    path of a tokenizer.json\n    only with tokenizer=file\n" in told


@pytest.mark.parametrize("word", ["train.steps", "steps", "model.attention", "n_layer", "train"])
def test_some_keys_are_listed(word: str) -> None:
    told = [line.partition("=")[0] for line in printed("config", word).splitlines() if not line.startswith(" ")]
    assert told == [key.key for key in find_keys(word)]


def test_programs_get_the_same() -> None:
    told = json.loads(printed("config", "train.optimizer", "--json"))
    assert [one["key"] for one in told] == [key.key for key in find_keys("train.optimizer")]
    assert {"key", "type", "default", "meaning", "kinds"} == told[0].keys()
    assert len(json.loads(printed("config", "--json"))) == len(all_keys())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_its_help(command: str) -> None:
    assert printed("help", command) == printed(command, "--help")
    assert re.search(rf"Usage: cutaway {command}\b", printed("help", command))


def test_help_alone_lists_all_commands() -> None:
    assert printed("help") == printed("--help")
