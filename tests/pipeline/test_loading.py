"""What was trained is what is loaded, and its verbs agree with one another and with the model."""

import json
import math
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
import torch

import cutaway
from cutaway.config.data import DataConfig
from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.pipeline import Pipeline, load
from cutaway.runs.evaluation import evaluate_data
from cutaway.runs.run import Run, start
from support import require_module
from variants import POSITIONS

TEXT = "the cat sat on a mat\nand ate a rat that ran far\n" * 30
SLIDE: dict[str, Any] = {"context_overflow": "slide"}
CHOICES = (
    *("model.width=16", "model.layers=2", "model.attention.heads=2", "model.context=8", "model.dropout=0.2"),
    *("train.steps=1", "train.batch_size=2", "train.device=cpu", "train.precision=fp32"),
)


def trained(folder: Path, *choices: str, text: str = TEXT, name: str = "text.txt") -> Run:
    (folder / name).write_text(text)
    run = start(override(RunConfig(), [*CHOICES, f"data.path={folder / name}", *choices]), folder / "run")
    run.train()
    return run


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return trained(tmp_path_factory.mktemp("trained")).pipeline


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(torch.arange(12).remainder(8).reshape(2, 6))
    return found


def steps(pipeline: Pipeline, prompt: str, **options: Any) -> int:
    """How often the model is asked for a token, of 40 times at most."""
    asked: list[int] = []
    counter = pipeline.model.head.register_forward_pre_hook(lambda *_: asked.append(1))
    pipeline.generate(prompt, 40, **SLIDE, **options)
    counter.remove()
    return len(asked)


@pytest.mark.parametrize("head", ["tied=yes", "tied=no"])
@pytest.mark.parametrize("position", POSITIONS)
def test_what_is_loaded_is_what_was_trained(position: str, head: str, tmp_path: Path) -> None:
    run = trained(tmp_path, f"model.position={position}", f"model.head.{head}", "model.attention.bias=yes")
    loaded = cutaway.load(str(tmp_path / "run"), device="cpu")
    assert loaded.config == run.config
    assert loaded.tokenizer.sha256 == run.dataset.tokenizers.tokenizer.sha256
    assert not loaded.model.training
    assert torch.equal(logits(loaded.model), logits(run.model))
    assert (loaded.model.head.projection.weight is loaded.model.decoder.embed.tokens.weight) == (head == "tied=yes")


def test_several_prompts_are_written_on_as_each_alone(pipeline: Pipeline) -> None:
    prompts = ["the cat", "a", "and ate a rat that ran"]
    together = pipeline.generate(prompts, 20, seed=5, **SLIDE)
    assert together == [pipeline.generate(prompt, 20, seed=5 + i, **SLIDE) for i, prompt in enumerate(prompts)]
    assert pipeline.generate(tuple(prompts), 20, seed=5, **SLIDE) == together
    assert pipeline.generate([], 20, **SLIDE) == []


@pytest.mark.parametrize("tokenizer", ["char", "byte"])
def test_a_stream_joined_is_the_text(tokenizer: str, tmp_path: Path) -> None:
    pipeline = trained(tmp_path, f"tokenizer={tokenizer}").pipeline
    whole = pipeline.generate("the", 40, temperature=2.0, **SLIDE)
    assert "".join(pipeline.stream("the", 40, temperature=2.0, **SLIDE)) == whole
    for stop in (whole[9], whole[20:22], [whole[30:33], whole[17:20]]):
        text = pipeline.generate("the", 40, stop=stop, temperature=2.0, **SLIDE)
        assert text == whole[: min(whole.index(word) for word in ([stop] if isinstance(stop, str) else stop))]
        assert "".join(pipeline.stream("the", 40, stop=stop, temperature=2.0, **SLIDE)) == text


def test_a_row_that_stops_leaves_the_others_to_go_on(pipeline: Pipeline) -> None:
    free = pipeline.generate(["the", "a mat"], 40, **SLIDE)
    stop = next(piece for piece in (free[0][i : i + 2] for i in range(38)) if piece not in free[1])
    assert pipeline.generate(["the", "a mat"], 40, stop=stop, **SLIDE) == [free[0][: free[0].index(stop)], free[1]]


def test_no_more_is_read_than_is_needed(pipeline: Pipeline) -> None:
    free = pipeline.generate("the", 40, **SLIDE)
    assert steps(pipeline, "the") == 40
    assert steps(pipeline, "the", stop=free[5]) == free.index(free[5]) + 1


def test_tokens_that_mean_nothing_are_not_drawn(tmp_path: Path) -> None:
    pipeline = trained(tmp_path, "model.vocabulary=500").pipeline
    assert len(pipeline.generate("the", 30, temperature=3.0, **SLIDE)) == 30


def test_a_text_ends_at_its_end_token_and_an_empty_prompt_begins_behind_one(tmp_path: Path) -> None:
    documents = "".join(json.dumps({"text": "a b"}) + "\n" for _ in range(200))
    choices = ("train.steps=80", "train.batch_size=8", "train.optimizer.learning_rate=2e-2", "model.dropout=0")
    pipeline = trained(tmp_path, *choices, text=documents, name="text.jsonl").pipeline
    assert pipeline.tokenizer.end is not None
    for prompt, rest in {"": "a b", "a": " b", "a b": ""}.items():
        assert pipeline.generate(prompt, 20, temperature=0.0, **SLIDE) == rest
        assert "".join(pipeline.stream(prompt, 20, temperature=0.0, **SLIDE)) == rest
        assert steps(pipeline, prompt, temperature=0.0) == len(rest) + 1


def test_an_empty_prompt_begins_a_line_where_there_is_no_end_token(pipeline: Pipeline, tmp_path: Path) -> None:
    assert pipeline.generate("", 9, **SLIDE) == pipeline.generate("\n", 9, **SLIDE)
    single_line = trained(tmp_path, text="a cat sat on a mat " * 20).pipeline
    assert len(single_line.generate("", 9, **SLIDE)) == 9


@pytest.mark.parametrize("text", ["the cat", TEXT[:40]])
def test_a_score_is_the_model_s_own(pipeline: Pipeline, text: str) -> None:
    scores = pipeline.score(text)
    tokens = pipeline.tokenizer.encode(text)
    assert "".join(piece for piece, _ in scores) == text[1:]
    with torch.inference_mode():
        first = pipeline.model(torch.tensor([tokens[:6]])).log_softmax(dim=-1)[0, range(6), tokens[1:7]]
    assert [score for _, score in scores[:6]] == pytest.approx(first.tolist(), abs=1e-5)


def test_scores_are_the_loss_that_evaluation_finds(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "line.txt").write_text("a mat at")
    data = DataConfig(path=str(tmp_path / "line.txt"))
    figures = evaluate_data(pipeline, data, tmp_path / "tokens").figures
    scores = [score for _, score in pipeline.score("a mat at")]
    assert figures["tokens"] == len(scores)
    assert figures["loss"] == pytest.approx(-sum(scores) / len(scores), abs=1e-5)
    assert figures["perplexity"] == pytest.approx(math.exp(figures["loss"]))


def test_the_verbs_do_not_drop_out(pipeline: Pipeline) -> None:
    expected = (pipeline.generate("the", 9, **SLIDE), pipeline.score("the cat"))
    pipeline.model.train()
    assert pipeline.score("the cat") == expected[1]
    pipeline.model.train()
    assert pipeline.generate("the", 9, **SLIDE) == expected[0]


def test_a_mistake_is_told_before_the_first_piece(pipeline: Pipeline) -> None:
    with pytest.raises(UserError, match="the tokenizer lacks 'Z'"):
        pipeline.stream("Z")
    with pytest.raises(UserError, match="max_new_tokens must be 1"):
        pipeline.stream("the", 0)
    with pytest.raises(UserError, match="top_k must be 1"):
        pipeline.stream("the", top_k=0)
    with pytest.raises(UserError, match="a stop string cannot be empty"):
        pipeline.stream("the", stop=["a", ""], **SLIDE)


@pytest.mark.parametrize("verb", ["generate", "score"])
def test_unseen_characters_are_named(pipeline: Pipeline, verb: str) -> None:
    with pytest.raises(UserError, match=r"the tokenizer lacks 'Q', 'Z' \(2 characters\)"):
        getattr(pipeline, verb)("a ZQ")


def test_a_text_of_one_token_cannot_be_scored(pipeline: Pipeline) -> None:
    for text in ("", "a"):
        with pytest.raises(UserError, match="at least two tokens"):
            pipeline.score(text)


def test_a_task_that_is_not_for_the_architecture_is_told(pipeline: Pipeline) -> None:
    task = {"kind": "sequence_to_sequence"}
    config = RunConfig.model_validate({**pipeline.config.model_dump(), "task": task})
    with pytest.raises(UserError, match="sequence_to_sequence needs an encoder_decoder, but the model is dec"):
        Pipeline(pipeline.model, pipeline.tokenizer, config).translate("a cat")


def test_no_run_is_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"is not a run folder: it has no run\.yaml"):
        load(tmp_path)
    with pytest.raises(UserError, match="no device is called 'cuda:0'; did you mean 'cuda'"):
        load(tmp_path, device="cuda:0")


def test_a_name_on_the_hub_may_be_a_path_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = require_module("huggingface_hub")
    asked = []

    def unreachable(name: str, **given: Any) -> str:
        asked.append(name)
        raise OSError("no route to host")

    monkeypatch.setattr(hub, "snapshot_download", unreachable)
    with pytest.raises(UserError, match="there is no folder owner/model,"):
        load(PureWindowsPath("owner/model"))
    assert asked == ["owner/model"]
