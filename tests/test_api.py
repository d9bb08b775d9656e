"""The functions of `cutaway` do what the command line does, and a mistake is a UserError with the nearest name."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cutaway
from cli.command import TEXT, contents, printed
from cutaway.api import assignments
from cutaway.config.reading import override
from cutaway.errors import UserError
from cutaway.model import formats
from cutaway.model.run_folder import RunFolder
from cutaway.nn.stored import Packed, is_right
from cutaway.training.loop import Trainer
from support import run_python

TINY: dict[str, Any] = {
    "model": {"width": 16, "layers": 1, "attention": {"heads": 2}, "context": 8},
    "steps": 4,
    "batch_size": 2,
    "train": {"sample_tokens": 5, "device": "cpu", "precision": "fp32"},
}
LABELLED = "".join(f"cat {i} was {label}\t{label}\n" for i in range(20) for label in ("good", "bad"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT)
    Path("reviews.tsv").write_text(LABELLED)


def trained(out: str = "run", **choices: Any) -> cutaway.TrainedRun:
    return cutaway.train("gpt-nano", "text.txt", out, progress=False, **{**TINY, **choices})


def test_a_run_from_python_is_that_of_the_command_line() -> None:
    run = trained()
    words = ["model.width=16", "model.layers=1", "model.attention.heads=2", "train.sample_tokens=5"]
    options = ["--context", "8", "--steps", "4", "--batch-size", "2", "--device", "cpu", "train.precision=fp32"]
    printed("train", "gpt-nano", "--data", "text.txt", "--out", "other", *words, *options)
    ours, theirs = contents(Path("run")), contents(Path("other"))
    differing = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    differing = {name for name in differing if not name.endswith("digests.json")}
    assert differing <= {"metrics.jsonl", "report.html", "checkpoints/step-4/progress.json"}, "which hold times"
    assert (run.path, run.steps, run.criterion) == (Path("run"), 4, "loss")
    assert run.report == Path("run/report.html")
    assert run.best is not None
    assert 0 < run.best < 6
    assert 0 < run.best_step <= 4


def test_what_was_trained_is_loaded_measured_and_trained_further() -> None:
    run = trained()
    pipeline = run.load("cpu")
    assert isinstance(pipeline.generate("the ", max_new_tokens=3), str)
    report = cutaway.evaluate(run)
    assert report == cutaway.evaluate("run") == cutaway.evaluate(pipeline)
    assert report.figures == json.loads(printed("evaluate", "run", "--json"))["figures"]
    assert report.figures["loss"] == pytest.approx(run.best, rel=0.2)
    assert cutaway.evaluate(pipeline, "text.txt").figures["tokens"] > report.figures["tokens"]
    assert cutaway.check(run).passed
    assert cutaway.resume(run, steps=6, progress=False).steps == 6
    tuned = cutaway.finetune(run, "text.txt", steps=2, epochs=None, progress=False)
    assert tuned.path == Path("runs/run")
    assert tuned.load().config.origin == "run"


def test_the_task_may_follow_from_the_data() -> None:
    run = cutaway.train(data="reviews.tsv", progress=False, **TINY)
    found = run.load().classify(["a good cat", "a bad dog"])
    assert {one.label for one in found} <= {"good", "bad"}
    named = cutaway.train("bert-nano", "reviews.tsv", task="sequence-classification", progress=False, **TINY)
    assert named.load().config.task == run.load().config.task


def test_a_failed_check_names_the_failure() -> None:
    pipeline = trained().load("cpu")
    with torch.no_grad():
        pipeline.model.decoder[0].feedforward.down.weight.fill_(0.25)
    report = cutaway.check(pipeline)
    assert not report.passed
    assert [one.name for one in report.failures] == ["weights filled"]
    assert repr(report).endswith("failed: weights filled)")
    assert "decoder.0.feedforward.down.weight" in report._repr_html_()


MISTAKES = {
    "a preset": (
        lambda: cutaway.train("gpt-nan", "text.txt"),
        "no preset is called 'gpt-nan'; did you mean 'gpt-nano'",
    ),
    "a key": (lambda: trained(stepz=3), "there is no 'stepz'; did you mean 'train.steps'"),
    "a nested key": (lambda: trained(model={"layerz": 3}), "there is no 'model.layerz'; did you mean 'model.layers'?"),
    "a value": (lambda: trained(steps="many"), "train.steps cannot be 'many'"),
    "an object": (lambda: trained(steps=object()), "steps cannot be <object"),
    "no preset": (lambda: cutaway.train(), "name a preset, such as gpt-nano, or give data"),
    "a task": (lambda: cutaway.train("gpt-nano", task="classifikation"), "no task is called 'classifikation'"),
    "a keyword": (
        lambda: cutaway.evaluate("run", beams=3),
        "evaluate() has no argument 'beams'; did you mean 'num_beams'",
    ),
    "a folder": (lambda: cutaway.load("nowhere"), "nowhere"),
    "a device": (lambda: cutaway.load("run", device="gup"), "no device is called 'gup'; did you mean 'gpu'?"),
    "a dtype": (
        lambda: cutaway.load("run", dtype="bf61"),
        "no dtype for weights is called 'bf61'; did you mean 'bf16'?",
    ),
    "a format": (
        lambda: cutaway.load("run", quantize="q44"),
        "no quantized format is called 'q44'; did you mean 'q4'?",
    ),
    "a preset to build": (
        lambda: cutaway.build("gpt-nanoo"),
        "no preset is called 'gpt-nanoo'; did you mean 'gpt-nano'?",
    ),
    "a key to load": (lambda: cutaway.load_preset("gpt-nano", layerz=3), "there is no 'layerz'"),
    "a record": (lambda: cutaway.ModelConfig(layerz=3), "ModelConfig has no 'layerz'; did you mean 'layers'?"),
    "a nested record": (
        lambda: cutaway.ModelConfig(attention={"kind": "grouped", "headz": 3}),
        "ModelConfig has no 'attention.headz'; did you mean 'heads'?",
    ),
    "a run": (lambda: cutaway.RunConfig(train={"stepz": 3}), "there is no 'train.stepz'; did you mean 'train.steps'?"),
    "a kind": (lambda: cutaway.RunConfig(model={"position": "rotery"}), "model.position has no kind 'rotery'"),
}


@pytest.mark.parametrize(("mistake", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_that_names_what_was_meant(mistake: Any, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as raised:
        mistake()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("preset", ["gpt-nano", "bert-nano", "t5-nano", "vit-nano", "sorter", "deepseek-nano"])
def test_a_preset_is_built_without_a_tokenizer(preset: str) -> None:
    with torch.device("meta"):
        model = cutaway.build(preset)
    assert sum(weight.numel() for weight in model.parameters()) > 1e4


def test_the_seed_alone_determines_the_weights() -> None:
    config = cutaway.load_preset("gpt-nano", width=32, layers=1).model.model_copy(update={"vocabulary": 50})
    one, same, other = (cutaway.build(config, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_weights_are_loaded_in_the_requested_dtype() -> None:
    trained()
    for dtype in ("bf16", "bfloat16", torch.bfloat16):
        pipeline = cutaway.load("run", "cpu", dtype)
        assert {weight.dtype for weight in pipeline.model.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in cutaway.load("run").model.parameters()} == {torch.float32}
    assert np.isfinite([score for _, score in pipeline.score("the cat")]).all()


@pytest.mark.parametrize("quantize", ["q8", "q4"])
def test_a_quantized_model_does_all_but_learn(quantize: str) -> None:
    run = trained()
    plain = cutaway.load(run.path, "cpu")
    pipeline = cutaway.load(run.path, "cpu", quantize=quantize)
    assert isinstance(pipeline.generate("the ", max_new_tokens=3), str)
    with cutaway.capture(pipeline.model, "*.pattern") as trace:
        scores = pipeline.score("the cat")
    assert trace
    near = [abs(ours - theirs) for (_, ours), (_, theirs) in zip(scores, plain.score("the cat"), strict=True)]
    assert 0 < max(near) < 0.5
    assert cutaway.check(pipeline).passed
    assert f"{quantize} and float32 on cpu" in repr(pipeline)
    assert repr(pipeline).split(", ")[3] == repr(plain).split(", ")[3]
    refusal = f"a model quantized to {quantize} cannot be trained: load it without quantize={quantize}"
    with pytest.raises(UserError, match=refusal):
        cutaway.finetune(pipeline, "text.txt", "again", progress=False)
    assert not Path("again").exists()
    for to in ("hf", "gguf", "onnx"):
        with pytest.raises(UserError, match=refusal.replace("trained", "exported")):
            pipeline.export("exported", to)


def test_a_packed_model_is_exported_and_trained_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LEAST", 0)
    monkeypatch.setattr(formats, "fastest", lambda ways, weights: [*ways][-1])
    run = trained(steps=2)
    pipeline = cutaway.load(run.path, "cpu", "fp32")
    if not is_right(Packed, torch.Size([16, 16]), torch.float32, torch.device("cpu")):
        assert formats.format_of(pipeline.model) is None
        return
    assert formats.format_of(pipeline.model) == "packed"
    assert pipeline.export("exported").difference < 1e-4
    again = cutaway.finetune(pipeline, "text.txt", "again", progress=False, steps=1)
    assert again.steps == 1
    with pytest.raises(UserError, match="a model with packed weights cannot be trained: load it without dtype"):
        Trainer(pipeline.model, None, pipeline.config.train, RunFolder(Path("run")))  # type: ignore[arg-type]


def test_overrides_are_the_same_in_every_form() -> None:
    base = cutaway.load_preset("gpt-nano")
    nested = assignments({"model": {"layers": 4, "attention": {"kind": "grouped", "heads": 2}}, "train.seed": 7})
    assert nested == [*("model.layers=4", 'model.attention.kind="grouped"', "model.attention.heads=2", "train.seed=7")]
    dotted = override(base, ["model.attention.heads=2", "layers=4", "seed=7"])
    assert (
        override(base, nested)
        == dotted
        == cutaway.load_preset("gpt-nano", layers=4, seed=7, **{"model.attention.heads": 2})
    )
    assert cutaway.load_preset("gpt-nano", n_layer=4, position="alibi").model.position.kind == "alibi"


def test_a_repr_is_one_useful_line() -> None:
    run = trained()
    pipeline = run.load("cpu")
    with cutaway.capture(pipeline.model, "decoder.0.*.pattern") as trace:
        before = repr(trace)
        pipeline.score("the cat")
    expected = {
        repr(run): r"TrainedRun\('run', 4 steps, validation loss \d\.\d+ at step \d\)",
        repr(
            pipeline
        ): r"Pipeline\('run', language_modeling, decoder, 3\.\d+ k parameters, \d+ tokens, float32 on cpu, can "
        r"generate, score\)",
        before: r"capture\(1 tap, none reached yet\)",
        repr(trace): r"capture\('decoder\.0\.self_attention\.pattern' \(1, 2, \d, \d\)\)",
        repr(
            pipeline.config
        ): r"RunConfig\('gpt-nano', language_modeling, 4 steps, ModelConfig\(decoder, 1 layer, .*\)\)",
        repr(pipeline.config.train.schedule): r"\w+Config\(.*\)",
        repr(cutaway.evaluate(run)): r"Report\(loss \d\.\d+, perplexity .*\)",
        repr(pipeline.tokenizer): r"Tokenizer\(.*\)",
    }
    for found, pattern in expected.items():
        assert re.fullmatch(pattern, found), found
    for shown in (run, pipeline, trace, pipeline.config, cutaway.evaluate(run), pipeline.tokenizer):
        assert re.fullmatch(r"(<table>.*</table>)+", shown._repr_html_(), re.DOTALL), shown


def test_the_module_shows_its_api_only() -> None:
    shown = [name for name in dir(cutaway) if not name.startswith("_")]
    assert shown == sorted(cutaway.__all__)
    assert {"train", "finetune", "resume", "evaluate", "check", "build", "load", "load_preset"} < set(shown)
    assert all(getattr(cutaway, name).__doc__ for name in shown)


def test_importing_it_imports_nothing_large() -> None:
    code = (
        "import sys, cutaway; print([name for name in ('torch', 'pydantic', 'rich', 'typer') if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"
    assert sys.modules["cutaway"] is cutaway
