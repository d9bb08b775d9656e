"""What a trained run is asked: to write, to score, to be measured and compared; by people and by programs."""

import inspect
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from cli.command import TEXT, TINY, printed, refused, run
from cutaway.cli.chat import chat
from cutaway.cli.generate import generate
from cutaway.config.reading import load_preset, load_run, presets
from cutaway.errors import UserError
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.beams import BeamOptions
from cutaway.generation.text_generator import Limits
from cutaway.pipeline import Pipeline, load

pytestmark = pytest.mark.usefixtures("here")

SLIDING = ("--context-overflow", "slide")
SLIDE: dict[str, Any] = {"context_overflow": "slide"}


def validation_losses(folder: str) -> list[float]:
    rows = [json.loads(line) for line in Path(folder, "metrics.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if row["kind"] == "validation"]


def test_it_writes_on_from_a_prompt() -> None:
    text = printed(
        "generate", "run", "the cat", "--max-new-tokens", "20", *SLIDING, "--seed", "3", "--temperature", "0.8"
    )
    assert text == "the cat" + load("run").generate("the cat", 20, seed=3, temperature=0.8, **SLIDE) + "\n"


def test_it_writes_on_from_several_prompts() -> None:
    prompts, texts = ["the", "a mat\n"], load("run").generate(["the", "a mat\n"], 7, **SLIDE)
    assert (
        printed("generate", "run", *prompts, "--max-new-tokens", "7", *SLIDING)
        == f"the{texts[0]}\n---\na mat\n{texts[1]}\n"
    )
    told = json.loads(printed("generate", "run", *prompts, "--max-new-tokens", "7", *SLIDING, "--json"))
    assert told == [{"prompt": p, "text": t} for p, t in zip(prompts, texts, strict=True)]


def test_several_samples_of_a_prompt_have_consecutive_seeds() -> None:
    few, pipeline = ("--max-new-tokens", "9", *SLIDING, "--seed", "4", "--num-samples", "3"), load("run")
    alone = [pipeline.generate("the", 9, seed=seed, **SLIDE) for seed in (4, 5, 6)]
    assert len(set(alone)) == 3
    told = json.loads(printed("generate", "run", "the", *few, "--json"))
    assert told == [{"prompt": "the", "text": text} for text in alone]
    assert printed("generate", "run", "the", *few) == "\n---\n".join("the" + text for text in alone) + "\n"
    both = json.loads(printed("generate", "run", "the", "a ", *few, "--json"))
    assert both[:3] == told
    assert both[3:] == [{"prompt": "a ", "text": pipeline.generate("a ", 9, seed=seed, **SLIDE)} for seed in (7, 8, 9)]


def test_a_draft_changes_no_greedy_text_and_its_figures_are_printed() -> None:
    words = ("generate", "run", "the", "--temperature=0")
    for draft in ("lookup", "run"):
        outcome = run(*words, "--draft", draft)
        assert (outcome.status, outcome.out) == (0, printed(*words))
        figures = r"draft: (\d+)% of \d+ proposed tokens accepted, \d\.\d\d tokens per pass of the model\n"
        found = re.fullmatch(figures, outcome.err)
        assert found, outcome.err
        assert draft == "lookup" or found[1] == "100", "a model accepts what it proposes"
    told = run("generate", "run", "the", "a ", "--temperature=0", "--json", "--draft=run")
    assert told.out == printed("generate", "run", "the", "a ", "--temperature=0", "--json")
    assert re.fullmatch(figures, told.err)
    assert "cannot slide" in refused("generate", "run", "the", "--max-new-tokens=20", *SLIDING, "--draft=lookup")


def test_a_continuation_is_as_long_in_every_command_and_method() -> None:
    defaults = [
        inspect.signature(function).parameters["max_new_tokens"].default
        for function in (generate, Pipeline.generate, Pipeline.stream, chat, Pipeline.chat, Pipeline.stream_chat)
    ]
    assert defaults == [None] * 3 + [MAX_NEW_TOKENS] * 3
    assert Limits().count(1, 2 * MAX_NEW_TOKENS) == MAX_NEW_TOKENS
    assert BeamOptions().max_new_tokens == MAX_NEW_TOKENS


def test_a_text_ends_with_the_context_or_slides_if_asked() -> None:
    pipeline = load("run")
    context = pipeline.config.model.context
    assert printed("generate", "run", "the", "--temperature=0") == (
        "the" + pipeline.generate("the", context - 3 + 1, temperature=0) + "\n"
    )
    words = ("generate", "run", "the", "--max-new-tokens", str(context - 3 + 2))
    assert "outgrows the context of 8 tokens" in refused(*words)
    assert "context_overflow=slide" in refused(*words, "--json")
    assert len(printed(*words, *SLIDING)) == context + 2 + 1
    assert printed(*words, "--context_overflow=slide") == printed(*words, *SLIDING)
    assert len(pipeline.generate("the", **SLIDE)) == MAX_NEW_TOKENS
    assert len(pipeline.predict("the")) == context - 3 + 1
    assert "context_overflow is error or slide, not 'left'" in refused("generate", "run", "--context-overflow", "left")
    with pytest.raises(UserError, match="outgrows the context of 8 tokens"):
        pipeline.stream("the cat sat", 1)


def test_without_a_prompt_it_begins_anew() -> None:
    few = ("--max-new-tokens", "9", *SLIDING, "--json")
    alone, empty = (json.loads(printed("generate", "run", *prompt, *few))[0] for prompt in ([], [""]))
    assert alone == empty == {"prompt": "", "text": load("run").generate("", 9, **SLIDE)}


def test_a_prompt_may_begin_with_a_dash_behind_two() -> None:
    Path("dashes.txt").write_text(TEXT.replace("the", "-"))
    printed("train", "gpt-nano", "--data", "dashes.txt", "--out", "dashes", *TINY)
    assert printed("generate", "dashes", "--max-new-tokens", "3", "--", "- cat").startswith("- cat")


def test_dashes_and_underscores_are_the_same_in_flags() -> None:
    one = printed("generate", "run", "the", "--max_new_tokens", "4", "--top_k", "3", "--repetition_penalty", "1.2")
    assert one == printed("generate", "run", "the", "--max-new-tokens=4", "--top-k=3", "--repetition-penalty=1.2")


def test_every_way_of_drawing_reaches_the_model() -> None:
    options = ["--temperature=3", "--top-k=2", "--top-p=0.5", "--min-p=0.9", "--repetition-penalty=9", "--seed=1"]
    written = [
        printed("generate", "run", "the", "--max-new-tokens=30", *SLIDING, option) for option in ["--seed=0", *options]
    ]
    assert len(set(written)) == len(options) + 1


def test_a_text_ends_before_a_stop_string() -> None:
    written = load("run").generate("the", 20, **SLIDE)
    stop = written[10:12]
    few = ("--max-new-tokens", "20", *SLIDING)
    assert printed("generate", "run", "the", *few, "--stop", "unseen", "--stop", stop) == (
        "the" + written[: written.index(stop)] + "\n"
    )


def test_it_scores_a_text() -> None:
    scores = load("run").score("the cat")
    told = json.loads(printed("score", "run", "the cat", "--json"))
    assert [(one["token"], one["log_probability"]) for one in told["tokens"]] == scores
    assert math.isclose(told["log_probability"], sum(value for _, value in scores))
    assert math.isclose(told["perplexity"], math.exp(-told["log_probability"] / 6))
    assert "over 6 tokens" in printed("score", "run", "the cat")


def test_it_is_measured_on_any_text_and_on_its_own() -> None:
    Path("other.txt").write_text("a cat ran\n" * 9)
    own, other = (json.loads(printed("evaluate", "run", *words, "--json")) for words in ([], ["--data", "other.txt"]))
    own, other = own["figures"], other["figures"]
    for figures in (own, other):
        assert math.isclose(figures["perplexity"], math.exp(figures["loss"]))
    assert own["tokens"] == len(TEXT) - int(len(TEXT) * 0.9) - 1
    assert other["tokens"] == len("a cat ran\n" * 9) - 1, "nothing of it is held out"
    assert math.isclose(other["bits_per_character"], other["loss"] / math.log(2) * other["tokens"] / 90, rel_tol=0.02)
    assert f"{own['loss']:.4f}" in printed("evaluate", "run")


def test_a_figure_is_that_of_the_run() -> None:
    loss = json.loads(printed("evaluate", "run", "--json"))["figures"]["loss"]
    assert math.isclose(loss, min(validation_losses("run")), rel_tol=1e-6)


def test_runs_are_compared_where_they_differ() -> None:
    words = ("train", "run/run.yaml", "train.evaluate_every=1", "train.log_every=1")
    printed(*words, "--out", "new", "train.optimizer.learning_rate=3e-5", "--seed", "4")
    printed(*words, "--out", "old", "train.optimizer.learning_rate=0.04")
    told = json.loads(printed("compare", "old", "new", "--json"))
    assert told["choices"] == {"train.optimizer.learning_rate": [0.04, 3e-5], "train.seed": [0, 4]}
    assert told["runs"] == ["old", "new"]
    losses = told["figures"]["validation loss"]
    assert losses == [min(validation_losses("old")), min(validation_losses("new"))]
    table = printed("compare", "old", "new")
    assert "3e-05" in table, "a small number is not rounded to nothing"
    assert f"{losses[0]:.4f}" in table


@pytest.mark.parametrize(
    "words",
    [("gpt-nano", f"model.vocabulary={len(set(TEXT))}"), ("run/run.yaml",), ("GPT-NANO", "--data", "text.txt")],
    ids=" ".join,
)
def test_a_plan_counts_what_a_run_would_take(words: tuple[str, ...]) -> None:
    plan = json.loads(printed("plan", *words, "--no-measure", "--json", *TINY))
    weights = sum(weight.numel() for weight in load("run").model.parameters())
    assert plan["parameters"] == weights
    assert plan["weights_bytes"] == plan["gradients_bytes"] == 4 * weights
    assert plan["tokens_per_step"] == 2 * 8
    assert "minutes" not in plan


def test_a_preset_comes_before_a_folder_of_its_name() -> None:
    Path("GPT-Nano").mkdir()
    assert "parameters" in printed("plan", "GPT-Nano", "--no-measure", "model.vocabulary=9")


@pytest.mark.parametrize("preset", ["gpt-nano", "t5-nano"])
def test_the_options_of_a_plan_are_choices(preset: str) -> None:
    words = ("plan", preset, "--no-measure", "--json", "model.vocabulary=9")
    by_options = json.loads(printed(*words, "--steps", "7", "--batch-size", "3", "--context", "20"))
    chosen = ("train.steps=7", "train.batch_size=3", "train.batch_tokens=none", "model.context=20")
    assert by_options == json.loads(printed(*words, *chosen))
    assert (by_options["steps"], by_options["tokens_per_step"]) == (7, 60)


def test_a_plan_measures_a_few_steps() -> None:
    plan = json.loads(printed("plan", "gpt-nano", "--data", "text.txt", "--json", *TINY))
    assert plan["minutes"] > 0
    assert plan["activations_bytes"] > 0
    assert "tokens_per_second" in printed("plan", "gpt-nano", "--data", "text.txt", *TINY)


def test_a_plan_says_what_other_attentions_would_remember() -> None:
    words = ("plan", "deepseek-nano", "--no-measure", "model.vocabulary=9")
    plan = json.loads(printed(*words, "--json"))
    caches = plan["cache_bytes_per_token_by_attention"]
    assert plan["attention"] == "MLA"
    assert list(caches) == ["MHA", "GQA, 2 groups", "MQA", "MLA"]
    assert caches["MLA"] == plan["cache_bytes_per_token"] < caches["GQA, 2 groups"]
    own = [line for line in printed(*words).splitlines() if line.endswith("this model")]
    assert [line.split()[:2] for line in own] == [["MLA", f"{caches['MLA']:,}"]]
    assert "attention of" not in printed("plan", "bert-nano", "--no-measure", "model.vocabulary=9"), "it keeps none"


def test_a_plan_of_what_fits_nowhere_is_counted_only() -> None:
    told = printed("plan", "deepseek-v3", "model.layers=4")
    assert "too large to measure here" in told
    assert "tokens_per_second" not in told


def test_presets_are_listed() -> None:
    assert list(json.loads(printed("presets", "--json"))) == presets()
    lines = printed("presets").splitlines()
    assert [line.split()[0] for line in lines] == ["preset", *presets()]


def test_a_preset_is_shown_as_a_run_file() -> None:
    Path("my.yaml").write_text(printed("presets", "vit-nano"), encoding="utf-8")
    assert load_run(Path("my.yaml")) == load_preset("vit-nano").model_copy(update={"preset": None})
    told = json.loads(printed("presets", "VIT-nano", "--json"))
    assert told["config"] == load_preset("vit-nano").model_dump(mode="json")
    assert told["about"] in printed("presets", "vit-nano").splitlines()[0]


def test_help_and_version() -> None:
    assert "cutaway train" in printed("train", "--help")
    assert "generate" in printed("--help")
    assert printed("-h") == printed("--help")
    assert printed("--version").count(".") == 2


def test_cutaway_alone_shows_its_help() -> None:
    outcome = run()
    assert outcome.status == 2
    assert outcome.out.split() == printed("--help").split()
