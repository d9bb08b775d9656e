"""A small model, the report on it, and what stands in the page."""

import base64
import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.config import ModelConfig
from cutaway.config.tokenizer import CharTokenizer
from cutaway.interpret.report_page import Line, Report, inspect_line
from cutaway.model.build import build
from cutaway.model.transformer import DecoderOnly
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

LINE = "to be, or\n not to be: that is the question"
HOSTILE = "</script><script>document.title = 'broken'</script><img src=x onerror=alert(1)><!--<script>\u2028&amp;\""


def make_model(vocabulary: int, *, layers: int = 2, heads: int = 3) -> DecoderOnly:
    """In training mode, and with a dropout that would show in every number."""
    config = {
        "vocabulary": vocabulary,
        "context": 64,
        "width": 4 * heads,
        "layers": layers,
        "position": {"kind": "rotary"},
        "attention": {"heads": heads, "dropout": 0.5},
        "dropout": 0.5,
    }
    return build(ModelConfig.model_validate(config)).train()


def make_tokenizer(alphabet: str = LINE) -> Tokenizer:
    return train_tokenizer(CharTokenizer(), [], alphabet=alphabet)


@cache
def inspected() -> Line:
    tokenizer = make_tokenizer()
    return inspect_line(make_model(tokenizer.vocabulary), tokenizer, LINE, top=5)


def make_report(**changes: Any) -> Report:
    shown = {
        "title": "a small model",
        "facts": {"parameters": "1,234", "steps": "40"},
        "vocabulary": make_tokenizer().vocabulary,
        "training": [(step, 2.5 - step / 50) for step in range(41)],
        "validation": [(0, 2.625), (20, 1.875), (40, 2.125)],
        "samples": [(0, "tbo rn"), (40, "to be")],
    }
    return Report(**{**shown, **inspected()._asdict(), **changes})


class Page(HTMLParser):
    """The elements of a page, as a browser sees them, and the data in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._script: list[str] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self._script.append("")

    def handle_data(self, text: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self._script[-1] += text

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self._script[0])

    @property
    def attention(self) -> np.ndarray:
        """The squares that the lower triangles are of."""
        packed = self.data["attention"]
        layers, heads, length, _ = packed["shape"]
        numbers = np.frombuffer(base64.b64decode(packed["lower_triangles"]), "<f4").reshape(layers, heads, -1)
        squares = np.zeros(packed["shape"], np.float32)
        rows, columns = np.tril_indices(length)
        squares[:, :, rows, columns] = numbers
        return squares
