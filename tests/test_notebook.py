"""A notebook as Jupyter runs it: few outputs, without control characters, and tables where tables are meant."""

import json
import sys
from typing import Any

import pytest

from cli.command import TEXT
from support import require_module, run_python

EXECUTE = """
import sys, nbclient, nbformat
cells = [nbformat.v4.new_code_cell(source) for source in sys.argv[2:]]
notebook = nbformat.v4.new_notebook(cells=cells)
nbclient.NotebookClient(notebook, timeout=120, allow_errors=True).execute()
nbformat.write(notebook, sys.argv[1])
"""
CELLS = {
    "interpreter": "import sys, cutaway, cutaway.progress; (sys.executable, cutaway.progress.console.is_jupyter)",
    "with widgets": "run = cutaway.train('gpt-nano', 'text.txt', 'run', steps=200, evaluate_every=50, **tiny)",
    "without widgets": """
cutaway.progress.find_spec = lambda name: None
other = cutaway.train("gpt-nano", "text.txt", "other", steps=40, **tiny)""",
    "quiet": "quiet = cutaway.resume(other, steps=45, progress=False)",
    "mistake": "cutaway.train('gpt-nano', 'text.txt', 'new', stepz=3)",
    "run": "run",
    "pipeline": "pipeline = cutaway.load('run', device='cpu'); pipeline",
    "report": "cutaway.evaluate(pipeline)",
    "check": "cutaway.check(pipeline)",
    "config": "pipeline.config",
    "tokenizer": "pipeline.tokenizer",
    "capture": """
with cutaway.capture(pipeline.model, "decoder.*.self_attention.pattern") as trace:
    pipeline.score("the cat")
trace""",
}
TINY = """
tiny = dict(
    model=dict(width=16, layers=1, context=8, attention=dict(heads=2)), batch_size=2,
    train=dict(sample_tokens=5, sample_every=1000, device="cpu", precision="fp32"),
)"""
MOST_OUTPUTS = 12
"""Of a cell that trains; the live line is redrawn ten times a second."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What Jupyter stores below each cell."""
    for name in ("nbclient", "nbformat", "ipykernel", "ipywidgets"):
        require_module(name)
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "text.txt").write_text(TEXT)
    first, *others = CELLS.values()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name))
        patch.setenv("JUPYTER_PATH", "")
        run_python(EXECUTE, "executed.ipynb", TINY + "\n" + first, *others, folder=folder, timeout=120)
    cells = json.loads((folder / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    return dict(zip(CELLS, (cell["outputs"] for cell in cells), strict=True))


def text_of(output: dict[str, Any]) -> str:
    """The text of an output, in whatever form."""
    data = {**output.get("data", {}), "stream": output.get("text", ""), "error": output.get("evalue", "")}
    return "\n".join("".join(form) for name, form in data.items() if "json" not in name)


def html_of(cell: list[dict[str, Any]]) -> str:
    """The page that the one result of a cell is shown as."""
    (result,) = (output for output in cell if output["output_type"] == "execute_result")
    return "".join(result["data"]["text/html"])


@pytest.mark.heavy
def test_the_kernel_is_this_python_and_is_known_for_a_notebook(outputs: dict[str, list[dict[str, Any]]]) -> None:
    assert "".join(outputs["interpreter"][0]["data"]["text/plain"]) == repr((sys.executable, True))


@pytest.mark.heavy
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_are_few_and_hold_no_control_characters(cell: str, outputs: dict[str, list[dict[str, Any]]]) -> None:
    failed = [output for output in outputs[cell] if output["output_type"] == "error"]
    assert [output["ename"] for output in failed] == (["UserError"] if cell == "mistake" else [])
    assert len(outputs[cell]) <= MOST_OUTPUTS
    text = "\n".join(map(text_of, outputs[cell]))
    assert [character for character in text if ord(character) < 32 and character != "\n"] == []


@pytest.mark.heavy
@pytest.mark.parametrize(("cell", "steps"), [("with widgets", (50, 100, 150, 200)), ("without widgets", (40,))])
def test_training_says_what_a_terminal_says(
    cell: str, steps: tuple[int, ...], outputs: dict[str, list[dict[str, Any]]]
) -> None:
    text = "\n".join(map(text_of, outputs[cell]))
    assert "parameters" in text
    for step in steps:
        assert f"step {step:>6}  training loss" in text
    assert "look inside: file://" in text
    is_live = any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs[cell])
    assert is_live is (cell == "with widgets")
    assert outputs["quiet"] == []


TABLES = {
    "run": ("steps", "200"),
    "pipeline": ("architecture", "decoder"),
    "report": ("perplexity",),
    "check": ("cached = uncached", "pass"),
    "config": ("model.width", "16"),
    "tokenizer": ("tokens",),
    "capture": ("decoder.0.self_attention.pattern", "float32"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("cell", TABLES)
def test_a_record_is_a_table(cell: str, outputs: dict[str, list[dict[str, Any]]]) -> None:
    table = html_of(outputs[cell])
    assert table.startswith("<table>")
    assert table.endswith("</table>")
    assert [text for text in TABLES[cell] if f">{text}" not in table and f"{text}<" not in table] == []


@pytest.mark.heavy
def test_a_mistake_shows_its_one_line(outputs: dict[str, list[dict[str, Any]]]) -> None:
    (error,) = outputs["mistake"]
    assert error["evalue"].startswith("there is no 'stepz'; did you mean 'train.steps'")
