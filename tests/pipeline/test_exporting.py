"""A model as other programs open it."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from cutaway.config.reading import load_preset, override
from cutaway.config.tokenizer import CharTokenizer
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.pipeline import Pipeline, exporting, load
from cutaway.text.hf.folders import write_tokenizer
from cutaway.text.special import UNDERSTANDING, WRITING
from cutaway.text.training import train_tokenizer
from support import require_module

TEXT = ["the quick brown fox jumps over the lazy dog", "a red house, and a small dog"] * 9
SMALL = ["model.width=24", "model.layers=2", "model.attention.heads=4", "model.context=37"]
SPECIALS = {"masked_language_modeling": UNDERSTANDING, "sequence_to_sequence": WRITING}
PRESETS = {
    "gpt-nano": ("nanochat", ["tokenizer=byte"]),
    "gpt2-small": ("gpt2", ["tokenizer=byte", *SMALL]),
    "llama-nano": ("llama", ["tokenizer.vocabulary=280"]),
    "bert-nano": ("roberta-prelayernorm", ["tokenizer.vocabulary=60"]),
    "t5-nano": ("t5", ["tokenizer.vocabulary=60"]),
    "deepseek-nano": ("deepseek_v3", ["tokenizer=byte"]),
}


def pipeline(preset: str, *choices: str) -> Pipeline:
    """A model with fresh weights, and a tokenizer of its kind."""
    config = override(load_preset(preset), choices)
    tokenizer = train_tokenizer(config.tokenizer, TEXT, specials=SPECIALS.get(config.task.kind, ()))
    model = config.model.model_copy(update={"vocabulary": tokenizer.vocabulary})
    return Pipeline(build(model).eval(), tokenizer, config.model_copy(update={"model": model}))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_goes_out_and_comes_back(preset: str, tmp_path: Path) -> None:
    require_module("transformers")
    family, choices = PRESETS[preset]
    ours = pipeline(preset, *choices)
    exported = ours.export(tmp_path / "out")
    assert exported.format == family
    assert exported.against == "transformers"
    assert exported.difference < 1e-5
    back = load(tmp_path / "out")
    assert back.config.task.kind == ours.config.task.kind
    assert back.tokenizer.encode(TEXT[0]) == ours.tokenizer.encode(TEXT[0])
    weights = dict(back.model.named_parameters())
    assert all(torch.equal(weight, weights[name]) for name, weight in ours.model.named_parameters())


def test_what_came_in_goes_out_as_what_it_was(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    sizes = {"num_hidden_layers": 1, "hidden_size": 24, "num_attention_heads": 6, "intermediate_size": 50}
    config = transformers.RobertaConfig(**sizes, vocab_size=60, max_position_embeddings=37)
    transformers.RobertaForMaskedLM(config).save_pretrained(tmp_path / "in")
    tokenizer = pipeline("bert-nano", "tokenizer.vocabulary=60").tokenizer
    write_tokenizer(tokenizer, tmp_path / "in")
    exported = load(tmp_path / "in").export(tmp_path / "out")
    assert exported.format == "roberta"


def test_without_their_library_ours_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "open_reference", lambda folder, head: None)
    exported = pipeline("llama-nano", "tokenizer.vocabulary=280").export(tmp_path / "out")
    assert exported.against == "cutaway"
    assert exported.difference == 0


def test_the_card_says_how_it_compares(tmp_path: Path) -> None:
    ours = pipeline("llama-nano", "tokenizer.vocabulary=280")
    ours.export(tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    assert "LlamaForCausalLM.from_pretrained" in card
    assert f"{sum(weight.numel() for weight in ours.model.parameters()):,} parameters" in card


def test_what_answers_otherwise_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = pipeline("llama-nano", "tokenizer.vocabulary=280")
    monkeypatch.setattr(
        exporting, "open_reference", lambda folder, head: lambda inputs, **given: 1.01 * ours.model(inputs, **given)
    )
    with pytest.raises(UserError, match=r"in transformers its logits differ by 1\.0e-02"):
        ours.export(tmp_path / "out")


def test_a_shape_that_no_format_holds_names_the_choice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no format of transformers holds this.*model\.position=alibi") as error:
        pipeline("gpt-nano", "tokenizer=byte", "model.position=alibi").export(tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("there", ["a file", "a folder with something in it"])
def test_nothing_that_is_there_is_lost(there: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    held = out if there == "a file" else out / "notes.txt"
    held.parent.mkdir(exist_ok=True)
    held.write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        pipeline("gpt-nano", "tokenizer=byte").export(out)
    assert held.read_text() == "mine"


def test_an_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no format is called 'HF'"):
        pipeline("gpt-nano", "tokenizer=byte").export(tmp_path / "out", to="HF")


def test_special_tokens_are_in_the_config(tmp_path: Path) -> None:
    ours = pipeline("bert-nano", "tokenizer.vocabulary=60")
    ours.export(tmp_path / "out")
    said = json.loads((tmp_path / "out/config.json").read_text())
    assert said["pad_token_id"] == ours.tokenizer.pad


def test_the_model_is_not_changed(tmp_path: Path) -> None:
    ours = pipeline("gpt-nano", "tokenizer=byte")
    before = nn.utils.parameters_to_vector(ours.model.parameters()).clone()
    ours.export(tmp_path / "out")
    assert torch.equal(nn.utils.parameters_to_vector(ours.model.parameters()), before)


@pytest.mark.parametrize("numbers", [None, "f32", "q8_0"])
def test_a_gguf_file_is_opened_again(numbers: str | None, tmp_path: Path) -> None:
    require_module("gguf")
    ours = pipeline("llama-nano", "tokenizer.vocabulary=280")
    exported = ours.export(tmp_path / "out.gguf", to="gguf", numbers=numbers)
    assert exported.format == f"gguf, {numbers or 'f16'}"
    assert exported.difference <= exporting.ROUNDED[numbers or "f16"]
    assert load(tmp_path / "out.gguf").tokenizer.encode(TEXT[0]) == ours.tokenizer.encode(TEXT[0])
    with pytest.raises(UserError, match="exists already"):
        ours.export(tmp_path / "out.gguf", to="gguf")


def test_numbers_are_of_gguf_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="numbers=f16 is for gguf"):
        pipeline("gpt-nano", "tokenizer=byte").export(tmp_path / "out", numbers="f16")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_refused_export_leaves_nothing(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_module("gguf")
    ours = pipeline("llama-nano", "tokenizer.vocabulary=280")
    monkeypatch.setattr(exporting, "difference", lambda *sides: 0.5)
    out = tmp_path / "new" / "out"
    if there:
        out.mkdir(parents=True)
    with pytest.raises(UserError, match=r"out is not kept: in transformers its logits differ by 5\.0e-01"):
        ours.export(out)
    assert [path.name for path in tmp_path.rglob("*")] == (["new", "out"] if there else [])
    with pytest.raises(UserError, match=r"out\.gguf is not kept: its logits differ"):
        ours.export(tmp_path / "out.gguf", to="gguf")
    assert not (tmp_path / "out.gguf").exists()


def test_missing_biases_are_zeros_in_gpt2(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    ours = pipeline("gpt-micro", "tokenizer=byte", *SMALL)
    exported = ours.export(tmp_path / "out")
    assert (exported.format, exported.against) == ("gpt2", "transformers")
    assert exported.difference < 1e-5
    model = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "out")
    biases = [weight for name, weight in model.named_parameters() if name.endswith("bias")]
    assert len(biases) == 6 * 2 + 1
    assert not any(weight.any() for weight in biases)
    back = load(tmp_path / "out")
    assert back.config.model.attention.bias
    assert back.generate("the quick", 5, temperature=0) == ours.generate("the quick", 5, temperature=0)


def test_missing_tokens_are_null_and_not_those_of_the_class(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    tokenizer = train_tokenizer(CharTokenizer(), (), alphabet=set("".join(TEXT)))
    assert tokenizer.end is None
    config = override(load_preset("llama-nano"), ["tokenizer=char", f"model.vocabulary={tokenizer.vocabulary}"])
    ours = Pipeline(build(config.model).eval(), tokenizer, config)
    ours.export(tmp_path / "out")
    config = transformers.AutoConfig.from_pretrained(tmp_path / "out")
    assert (config.bos_token_id, config.eos_token_id) == (None, None)
    assert transformers.LlamaConfig().eos_token_id is not None


def test_a_folder_says_how_long_a_text_may_be(tmp_path: Path) -> None:
    ours = pipeline("bert-nano", "tokenizer.vocabulary=60")
    ours.export(tmp_path / "out")
    theirs = require_module("transformers").AutoTokenizer.from_pretrained(tmp_path / "out")
    assert theirs.model_max_length == ours.config.model.context
    assert len(theirs("a " * 999, truncation=True)["input_ids"]) == ours.config.model.context


def test_a_family_that_cannot_be_read_back_is_not_the_nearest() -> None:
    config = override(load_preset("gpt2-small"), ["model.position=rotary", "model.norm=rms", "tokenizer=byte"])
    said = str(exporting.unexportable(config))
    assert "does not say" not in said
    assert "config.json" not in said


@pytest.mark.parametrize("tokenizer", ["byte", "bpe"])
@pytest.mark.parametrize("model_type", ["qwen2", "qwen3", "llama"])
def test_ids_are_the_same_whatever_class_reads_them(model_type: str, tokenizer: str, tmp_path: Path) -> None:
    transformers = require_module("transformers")
    bias = ["model.attention.bias=true", "model.attention.out_bias=false"] if model_type == "qwen2" else []
    norm = ["model.attention.qk_norm=true"] if model_type == "qwen3" else []
    size = [] if tokenizer == "byte" else ["tokenizer.vocabulary=280"]
    ours = pipeline("llama-nano", f"tokenizer={tokenizer}", *size, *bias, *norm)
    with torch.no_grad():
        for weight in ours.model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    exported = ours.export(tmp_path / "out")
    assert exported.format == {"qwen2": "llama"}.get(model_type, model_type), "qwen2 has a tokenizer of its own"
    assert exported.difference < 1e-5
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    for text in ("don't we'LL naïve CAFÉ e\u0301", "x12345 ½", " a  b\n\n c"):
        assert theirs(text)["input_ids"] == ours.tokenizer.encode(text)


def test_what_has_other_ids_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = pipeline("llama-nano", "tokenizer.vocabulary=280")
    monkeypatch.setattr(exporting, "open_tokenizer", lambda folder: lambda text: [0])
    with pytest.raises(UserError, match=r"is not kept: in transformers its tokenizer gives other ids to \d+ random"):
        ours.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()
