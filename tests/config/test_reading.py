"""Run files and overrides mean what a person means, and what is written is read back the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.model import ModelConfig
from cutaway.config.reading import dump_run, load_preset, load_run, override, presets, validate
from cutaway.config.run import RunConfig
from cutaway.errors import UserError


def read(text: str, folder: Path) -> RunConfig:
    (folder / "run.yaml").write_text(text, encoding="utf-8")
    return load_run(folder / "run.yaml")


def changed(*assignments: str) -> RunConfig:
    return override(RunConfig(), assignments)


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_read_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    config = load_preset(name)
    assert config.preset == name
    assert read(dump_run(config), tmp_path) == config


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_any_prompt_is_read_back_as_it_was_written(prompt: str) -> None:
    config = validate({"train": {"sample_prompt": f"prompt: {prompt}"}})
    path = Path("run.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda *_, **__: dump_run(config))
        assert load_run(path) == config


def test_every_choice_is_written_defaults_too(tmp_path: Path) -> None:
    written = dump_run(RunConfig())
    for key in ("learning_rate", "kv_heads", "epsilon", "validation", "patience"):
        assert f"{key}:" in written
    assert read(written, tmp_path) == RunConfig()


def test_a_run_file_needs_to_say_only_what_differs(tmp_path: Path) -> None:
    config = read("train: {steps: 5}\nmodel:\n  norm: rms\n", tmp_path)
    assert config == changed("train.steps=5", "model.norm=rms")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("1E-3", 0.001), ("2", 2.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("+1e-3", 0.001)],
)
def test_numbers_are_what_a_person_means(text: str, value: float, tmp_path: Path) -> None:
    assert changed(f"train.optimizer.learning_rate={text}").train.optimizer.learning_rate == value
    config = read(f"train: {{optimizer: {{learning_rate: {text}}}}}", tmp_path)
    assert config.train.optimizer.learning_rate == value


@pytest.mark.parametrize("text", ["1000", "1e3", "1_000", "1000.0", "+1000"])
def test_a_count_may_be_written_as_any_number(text: str) -> None:
    assert changed(f"train.steps={text}").train.steps == 1000


@pytest.mark.parametrize(("text", "value"), [("no", False), ("off", False), ("false", False), ("0", False)])
def test_words_for_a_switch(text: str, value: bool) -> None:
    assert changed(f"model.final_norm={text}").model.final_norm is value
    assert changed(f"train.tensorboard={text.upper()}").train.tensorboard is value


@pytest.mark.parametrize("text", ["yes", "on", "true", "1", "True"])
def test_words_for_a_switch_that_is_on(text: str) -> None:
    assert changed(f"train.tensorboard={text}").train.tensorboard is True


@pytest.mark.parametrize("word", ["no", "on", "yes", "off", "true", "12", "1.5"])
def test_words_for_a_text_stay_words(word: str, tmp_path: Path) -> None:
    assert changed(f"data.field={word}").data.field == word
    assert read(f"data: {{field: {word}}}", tmp_path).data.field == word


@pytest.mark.parametrize("word", ["none", "None", "null", "~", ""])
def test_nothing_has_several_names(word: str) -> None:
    assert changed("train.gradient_clip=2", f"train.gradient_clip={word}").train.gradient_clip is None


def test_none_is_also_a_kind() -> None:
    assert changed("model.position=none").model.position.kind == "none"


@pytest.mark.parametrize("assignment", ["model.position=relative", "model.position.kind=relative"])
def test_another_kind_resets_what_belonged_to_the_one_before(assignment: str) -> None:
    before = changed("model.position.kind=rotary", "model.position.base=500")
    after = override(before, [assignment])
    assert after.model.position == changed("model.position.kind=relative").model.position
    assert override(after, ["model.position.kind=rotary"]).model.position != before.model.position


@pytest.mark.parametrize("assignment", ["model.position=rotary", "model.position.kind=rotary"])
def test_the_same_kind_resets_nothing(assignment: str) -> None:
    before = changed("model.position.kind=rotary", "model.position.base=500")
    assert override(before, [assignment]) == before


@pytest.mark.parametrize("order", [1, -1])
def test_a_group_that_was_not_there_takes_a_kind_and_its_keys(order: int) -> None:
    scaled = ["model.position=rotary", "model.position.scaling=yarn", "model.position.scaling.factor=3"]
    scaling = changed(*scaled[::order]).model.position.scaling
    assert (scaling.kind, scaling.factor) == ("yarn", 3)
    source = ["model.architecture=encoder_decoder", "model.source_embedding=patches", "model.source_embedding.patch=4"]
    embedding = changed(*source[::order]).model.source_embedding
    assert (embedding.kind, embedding.patch) == ("patches", 4)


def test_other_choices_stay_when_a_kind_changes() -> None:
    before = changed("train.steps=7", "train.optimizer.learning_rate=1", "model.width=64")
    after = override(before, ["train.optimizer=muon"])
    assert (after.train.steps, after.model.width) == (7, 64)
    assert after.train.optimizer.learning_rate == changed("train.optimizer=muon").train.optimizer.learning_rate


def test_later_assignments_win_and_dashes_are_underscores() -> None:
    assert changed("train.batch_size=2", "train.batch-size=4", " train.batch_size =8").train.batch_size == 8


def test_overriding_leaves_the_original_alone() -> None:
    config = RunConfig()
    override(config, ["train.steps=3", "model.position=none"])
    assert config == RunConfig()


@pytest.mark.parametrize(
    ("given", "config"),
    [
        ({"position": "alibi"}, {"position": {"kind": "alibi"}}),
        ({"attention": {"heads": 2}}, {"attention": {"kind": "grouped", "heads": 2}}),
        ({"norm": {"epsilon": 1}}, {"norm": {"kind": "layer", "epsilon": 1}}),
    ],
    ids=str,
)
def test_a_kind_alone_or_keys_of_the_default_kind_will_do(given: dict[str, Any], config: dict[str, Any]) -> None:
    assert ModelConfig.model_validate(given) == ModelConfig.model_validate(config)


def test_editors_get_a_schema() -> None:
    schema = RunConfig.model_json_schema()
    assert schema["properties"].keys() == RunConfig.model_fields.keys()
    kinds = schema["$defs"]["ModelConfig"]["properties"]["position"]["discriminator"]["mapping"]
    assert kinds.keys() == {"none", "sinusoidal", "learned", "rotary", "alibi", "relative", "shortest_path"}


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("train.steps", "'train.steps' changes nothing: write it as key=value"),
        ("train.steps.more=1", "train.steps is a single value: it has no keys"),
        ("train.steps=[1", "train.steps=[1, line 1 is not YAML"),
        ("train.steps=!x 1", "is not YAML"),
        ("train=5", "train cannot be 5"),
    ],
)
def test_an_assignment_that_is_none(assignment: str, line: str) -> None:
    with pytest.raises(UserError) as error:
        changed(assignment)
    assert line in str(error.value)


def test_the_order_of_a_kind_and_what_belongs_to_it_does_not_matter() -> None:
    kind, rate = "train.optimizer=adamw", "train.optimizer.learning_rate=3e-3"
    for assignments in ([kind, rate], [rate, kind], ["train.optimizer.kind=adamw", rate]):
        optimizer = override(load_preset("gpt-nano"), assignments).train.optimizer
        assert (optimizer.kind, optimizer.learning_rate) == ("adamw", 0.003)


def bomb(levels: int) -> str:
    """Nine aliases of nine aliases, and so on."""
    lists = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *lists, ""])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb(9), "has more than 10,000 keys and values, counting repeated aliases"),
        ("model: &m {layers: [*m]}", "is nested too deeply: there are at most 32 levels"),
        ("model: " + "[" * 5000, "is nested too deeply"),
        ("model: " + "[" * 40 + "]" * 40, "is nested too deeply"),
        ("train: {steps: " + "9" * 5000 + "}", "is not YAML: Exceeds the limit"),
        ("train: {steps: !!bool maybe}", "is not YAML: "),
        ("train: {steps: !!timestamp maybe}", "is not YAML: "),
    ],
    ids=["bomb", "itself", "deep", "levels", "digits", "boolean", "time"],
)
def test_a_run_file_that_expands_without_bound_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(UserError, match=f"run.yaml {said}") as caught:
        load_run(tmp_path / "run.yaml")
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key"),
    [("1: 2", "1"), ("model: {2: 3}", "model.2"), ("model: {attention: {1.5: {heads: 2}}}", "model.attention.1.5")],
)
def test_a_key_that_is_a_number_is_refused(text: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(key)} cannot be .*: keys should be strings$"):
        read(text, tmp_path)


def test_the_message_about_a_value_shows_a_bounded_part_of_it(tmp_path: Path) -> None:
    for value in (bomb(4).splitlines()[0].partition(": ")[2], '"' + "x" * 5000 + '"', "[" * 20 + "]" * 20):
        (tmp_path / "run.yaml").write_text(f"train:\n  precision: {value}\n")
        with pytest.raises(UserError, match=r"train\.precision cannot be") as caught:
            load_run(tmp_path / "run.yaml")
        assert len(str(caught.value)) < 400


def test_aliases_are_read(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("model: {width: &w 64, vocabulary: *w}\n")
    assert load_run(tmp_path / "run.yaml").model.vocabulary == 64
