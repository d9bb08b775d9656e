"""The presets are the models that they are named after."""

from pathlib import Path

import pytest
import torch

from cutaway.config.reading import (
    describe_preset,
    load_preset,
    load_run,
    override,
    preset_text,
    presets,
    read_config,
)
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.model.transformer import Transformer
from cutaway.runs.plan import with_expected_sizes
from cutaway.runs.requirements import require_choices, require_model
from variants import SMALLER


def model(name: str, *choices: str) -> Transformer:
    """The preset's shape, without memory for its weights."""
    with torch.device("meta"):
        return build(override(load_preset(name), choices).model)


def parameters(name: str, *choices: str) -> int:
    return sum(weight.numel() for weight in model(name, *choices).parameters())


def test_gpt_nano_is_small() -> None:
    assert 700_000 < parameters("gpt-nano", "model.vocabulary=65") <= 810_000


def test_gpt_nano_fast_is_no_larger_with_its_tables() -> None:
    layers, ends, tables = 2 * 12 * 64 * 64, 2 * 65 * 64, (2100 + 4400 + 4400) * 64
    assert parameters("gpt-nano-fast", "model.vocabulary=65") == layers + ends + tables <= 810_000


def test_gpt_micro_is_as_large_as_nanogpt_s() -> None:
    blocks = 6 * (12 * 384 * 384 + 2 * 384)  # matrices and norm weights of a layer
    assert parameters("gpt-micro", "model.vocabulary=65") == blocks + 384 + (65 + 256) * 384
    assert round((blocks + 384 + 65 * 384) / 1e6, 2) == 10.65, "as it counts: without positions"


def test_gpt2_small_is_as_large_as_gpt2() -> None:
    biases = 12 * (4 * 768 + 5 * 768 + 2 * 768) + 768  # of attention, feed-forward and norms
    matrices = 12 * (12 * 768 * 768 + 2 * 768) + 768
    assert parameters("gpt2-small", "model.vocabulary=50257") == matrices + biases + (50257 + 1024) * 768 == 124_439_808


def test_the_lectures_model_is_built_as_described() -> None:
    assert load_preset("mini-transformer").model.vocabulary == 1000
    assert parameters("mini-transformer") == 228_968


def test_the_lectures_language_model_is_built_as_described() -> None:
    assert load_preset("mini-transformer-lm").model.vocabulary == 50
    attention, feedforward, norms = 4 * (16 * 16 + 16), 16 * 64 + 64 + 64 * 16 + 16, 2 * 2 * 16
    assert parameters("mini-transformer-lm") == 2 * (attention + feedforward + norms) + 50 * 16 + 50


def test_llama_nano_has_no_bias_and_shares_key_value_heads() -> None:
    names = [name for name, _ in model("llama-nano", "model.vocabulary=65").named_parameters()]
    assert not [name for name in names if name.endswith("bias")]
    attention = load_preset("llama-nano").model.attention
    assert attention.kv_heads is not None
    assert attention.kv_heads < attention.heads


def attention(width: int) -> int:
    """Queries, keys, values and output, each with its bias."""
    return 4 * (width * width + width)


def dense(width: int, hidden: int) -> int:
    """Up and down, each with its bias."""
    return width * hidden + hidden + hidden * width + width


def test_transformer_base_is_the_paper_s() -> None:
    encoder = attention(512) + dense(512, 2048) + 2 * 2 * 512
    decoder = 2 * attention(512) + dense(512, 2048) + 3 * 2 * 512
    total = 37000 * 512 + 6 * (encoder + decoder)  # one table for source, target and output
    assert parameters("transformer-base", "model.vocabulary=37000") == total
    assert round(total / 1e6) == 63, "the paper rounds up to 65 (table 3)"


def test_transformer_tiny_is_small() -> None:
    encoder = attention(128) + dense(128, 256) + 2 * 2 * 128
    decoder = 2 * attention(128) + dense(128, 256) + 3 * 2 * 128
    norms = 2 * 2 * 128  # what pre-norm stacks end with
    assert parameters("transformer-tiny", "model.vocabulary=8000") == 8000 * 128 + 4 * (encoder + decoder) + norms
    assert parameters("transformer-tiny", "model.vocabulary=8000") <= 4_000_000


def test_bert_base_is_as_large_as_bert() -> None:
    embeddings = (30522 + 512 + 2) * 768 + 2 * 768
    layers = 12 * (attention(768) + dense(768, 3072) + 2 * 2 * 768)
    head = 768 * 768 + 768 + 2 * 768 + 30522
    assert parameters("bert-base", "model.vocabulary=30522") == embeddings + layers + head == 109_514_298


def test_vit_nano_is_small() -> None:
    size = [f"model.embedding.{key}={value}" for key, value in {"channels": 1, "height": 28, "width": 28}.items()]
    assert parameters("vit-nano", "model.head.labels=10", *size) < 210_000


def test_vit_b16_is_as_large_as_vit_s() -> None:
    patches = 16 * 16 * 3 * 768 + 768
    layers = 12 * (attention(768) + dense(768, 3072) + 2 * 2 * 768)
    total = patches + 768 + (14 * 14 + 1) * 768 + layers + 2 * 768 + 1000 * 768 + 1000
    assert parameters("vit-b16") == total == 86_567_656


def test_the_notebook_s_model_is_built_as_described() -> None:
    embeddings, matrices = 65 * 8 + 8 * 8, 4 * 8 * 8
    norms, head = 3 * 2 * 8, 65 * 8 + 65
    assert parameters("notebook-char", "model.vocabulary=65") == embeddings + matrices + dense(8, 32) + norms + head
    made = load_preset("notebook-char").model
    assert (made.context, made.width, made.attention.heads, made.layers) == (8, 8, 2, 1)


def test_the_sorter_is_built_as_described() -> None:
    layer = 4 * 96 * 96 + 2 * 24 + 2 * 96 * 256 + 2 * 96
    sizes = ("model.vocabulary=100", "model.head.labels=100")
    assert parameters("sorter", *sizes) == (100 + 16) * 96 + 2 * layer + 96 + 100 * 96 + 100
    assert load_preset("sorter").task.length <= load_preset("sorter").model.context


def test_t5_nano_has_no_bias_but_the_relative_one() -> None:
    names = [name for name, _ in model("t5-nano", "model.vocabulary=65").named_parameters()]
    assert not [name for name in names if name.endswith(".bias")]
    assert [name for name in names if "biases" in name] == [
        "encoder.biases.table.weight",
        "decoder.biases.table.weight",
    ]


def test_graph_nano_knows_no_order() -> None:
    names = [name for name, _ in model("graph-nano", "model.vocabulary=9", "model.head.labels=2").named_parameters()]
    assert [name for name in names if "position" in name or "biases" in name] == ["encoder.biases.table.weight"]
    assert 100_000 < parameters("graph-nano", "model.vocabulary=9", "model.head.labels=2") < 200_000


def test_protein_nano_reads_amino_acids() -> None:
    assert load_preset("protein-nano").tokenizer.kind == "protein"
    assert 100_000 < parameters("protein-nano", "model.vocabulary=31", "model.head.labels=6") < 200_000


def test_deepseek_v3_is_as_large_as_deepseek_s() -> None:
    ranks = 7168 * (1536 + 512 + 64) + 1536 + 512
    heads = 128 * (1536 * (128 + 64) + 2 * 512 * 128 + 128 * 7168)
    expert, router = 3 * 7168 * 2048, 256 * 7168 + 256  # with the bias that balances
    dense, experts = 3 * 7168 * 18432, 257 * expert + router
    total = 2 * 129280 * 7168 + 7168 + 61 * (ranks + heads + 2 * 7168) + 3 * dense + 58 * experts
    four, five = (parameters("deepseek-v3", f"model.layers={layers}") for layers in (4, 5))
    assert four + 57 * (five - four) == total == 671_026_419_200, "layers that follow are like the fifth"


def test_deepseek_nano_spends_little_of_itself_on_a_token() -> None:
    made = load_preset("deepseek-nano").model
    assert made.feedforward.kind == "experts"
    assert made.first_layers is not None
    used = made.feedforward.experts_per_token + made.feedforward.shared
    assert made.first_layers.feedforward.hidden == used * made.feedforward.hidden
    assert parameters("deepseek-nano", "model.vocabulary=1024") < 1_800_000


def test_caption_nano_is_built_as_described() -> None:
    width, side = 96, 32
    encoder, decoder = (attention(width) * n + dense(width, 4 * width) + (n + 1) * 2 * width for n in (1, 2))
    patches = (4 * 4 * 3 + 1) * width + (side // 4) ** 2 * width
    sizes = ("model.vocabulary=23", *(f"model.source_embedding.{key}" for key in (f"height={side}", f"width={side}")))
    total = patches + (23 + 32) * width + 3 * (encoder + decoder) + 2 * 2 * width
    assert parameters("caption-nano", *sizes, "model.source_embedding.channels=3") == total


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_how_large_it_is(name: str) -> None:
    told, layers = describe_preset(name), load_preset(name).model.layers
    c = told.config
    reads_characters = c.tokenizer.kind == "char" and "generate" in c.task.verbs and c.model.vocabulary is None
    characters = ["model.vocabulary=65"] if reads_characters else []

    def count(layers: int) -> int:
        config = override(c, [*characters, f"model.layers={layers}"])
        with torch.device("meta"):
            return sum(weight.numel() for weight in build(with_expected_sizes(config).model).parameters())

    if layers < 20:
        assert count(layers) == told.parameters
    else:  # the layers after the first few are alike
        assert count(4) + (layers - 4) * (count(5) - count(4)) == told.parameters


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_shown_as_a_run_file_with_the_same_choices(name: str, tmp_path: Path) -> None:
    text = preset_text(name)
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    config = load_preset(name)
    assert read_config(tmp_path / "my.yaml") == config.model_copy(update={"preset": None})
    assert read_config(name.upper()) == config
    about = describe_preset(name).about
    assert text.startswith(f"# {about}\n# Parameters: {describe_preset(name).parameters:,}\n")
    assert about.endswith(".")
    assert "\n" not in about


def test_what_a_preset_says_of_itself_is_no_choice_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("about: mine\n", encoding="utf-8")
    with pytest.raises(UserError, match="there is no 'about'"):
        load_run(tmp_path / "my.yaml")


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_what_it_is_and_can_learn_its_task(name: str) -> None:
    config = load_preset(name)
    assert config.preset == name
    require_model(config)
    require_choices(config)
    needs_no_text = override(config, ["tokenizer=byte", *SMALLER.get(name, [])])
    with torch.device("meta"):
        build(with_expected_sizes(needs_no_text).model)
