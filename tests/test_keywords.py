"""A wrong keyword is answered with the nearest right one."""

import re

import pytest
from typing_extensions import TypedDict, Unpack

from cutaway.errors import UserError
from cutaway.keywords import all_explained, explained
from pipeline.pipelines import pipeline


class _Options(TypedDict, total=False):
    temperature: float
    top_k: int


@explained
def _write(prompt: str, max_new_tokens: int = 3, **options: Unpack[_Options]) -> tuple[str, int, _Options]:
    return prompt, max_new_tokens, options


@explained
def _any(**others: int) -> dict[str, int]:
    return others


@all_explained
class _Model:
    def read(self, text: str) -> str:
        return text


def test_right_keywords_arrive() -> None:
    assert _write(prompt="a", max_new_tokens=2, top_k=1) == ("a", 2, {"top_k": 1})
    assert _any(anything=1) == {"anything": 1}
    assert _Model().read(text="a") == "a"


@pytest.mark.parametrize(
    ("wrong", "right"), [("max_tokens", "max_new_tokens"), ("temprature", "temperature"), ("topk", "top_k")]
)
def test_a_wrong_keyword_names_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(UserError, match=f"^_write\\(\\) has no argument '{wrong}'; did you mean '{right}'\\?$"):
        _write("a", **{wrong: 1})


def test_self_is_no_keyword() -> None:
    with pytest.raises(UserError, match=re.escape("read() has no argument 'texts'; did you mean 'text'?")):
        _Model().read(texts="a")


def test_methods_of_a_pipeline_name_the_nearest() -> None:
    asked = pipeline("generate")
    with pytest.raises(
        UserError, match=r"^generate\(\) has no argument 'max_tokens'; did you mean 'max_new_tokens'\?$"
    ):
        asked.generate("a", max_tokens=3)
    with pytest.raises(UserError, match=r"^stream\(\) has no argument 'temp'; did you mean 'temperature'\?$"):
        asked.stream("a", temp=0.0)
