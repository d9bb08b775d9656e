"""Models out to GGUF files and in again; `transformers` is the judge of what they mean."""

import struct
from pathlib import Path
from typing import Any

import pytest
import torch

import cutaway
from cutaway.errors import JobError, UserError
from cutaway.hub.gguf.header import read_header
from cutaway.hub.gguf.importing import import_gguf
from cutaway.hub.gguf.tensors import ANGLES, GGUFTensors
from hub.gguf.files import KINDS, VOCABULARY, choices, tokenizer, write
from hub.parity import difference
from support import require_module
from training.limits import largest_file

NUMBER = "\x04\x00\x00\x00"
"""Says that a whole number follows."""
LLAMA3 = {"base": 500_000.0, "scaling": {"kind": "llama3", "factor": 4.0, "trained_context": 8192}}
YARN = {"scaling": {"kind": "yarn", "factor": 1.0, "trained_context": 9}}
ALIKE: list[tuple[str, dict[str, Any]]] = [
    *((kind, {}) for kind in KINDS),
    *((kind, {"head": {"tied": True}}) for kind in KINDS),
    ("llama", {"attention": {"head_width": 12}}),
]
OTHERS: list[dict[str, Any]] = [
    {"attention": {"bias": True, "out_bias": True}},
    {"feedforward": {"bias": True}},
    {"position": {"scaling": {"kind": "linear", "factor": 3.0}}},
    {"position": LLAMA3},
    {"position": YARN},
]
"""What `transformers` does not look for in a GGUF file."""


def tokens(length: int = 11) -> torch.Tensor:
    return torch.randint(VOCABULARY, (3, length), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(("kind", "changed"), ALIKE, ids=str)
@torch.no_grad()
def test_all_read_the_same_model(kind: str, changed: dict[str, Any], tmp_path: Path) -> None:
    path, model = write(tmp_path, choices(kind, 200, **changed), numbers="f32")
    auto = require_module("transformers").AutoModelForCausalLM
    theirs = auto.from_pretrained(tmp_path, gguf_file=path.name, dtype=torch.float32).eval()
    assert theirs.config.model_type == kind
    read = import_gguf(path)[0].model
    for length in (11, 150):
        expected = theirs(tokens(length)).logits
        assert difference(model(tokens(length)), expected) <= 1e-5
        assert difference(read(tokens(length)), expected) <= 1e-5


@pytest.mark.parametrize(("kind", "changed"), [*ALIKE, *(("llama", changed) for changed in OTHERS)], ids=str)
def test_out_and_in_again(kind: str, changed: dict[str, Any], tmp_path: Path) -> None:
    config = choices(kind, **changed)
    path, model = write(tmp_path, config, numbers="f32")
    imported, _ = import_gguf(path)
    before, after = model.state_dict(), imported.model.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(model(tokens()), imported.model(tokens()))
    assert imported.notes == ()


def test_the_scaling_of_llama3_is_as_their_library_has_it(tmp_path: Path) -> None:
    path, _ = write(tmp_path, choices("llama", position=LLAMA3))
    divisors = GGUFTensors(read_header(path)).read(ANGLES)
    said = {"factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    sizes = {"hidden_size": 32, "num_attention_heads": 4}
    rope = {"rope_type": "llama3", "rope_theta": 500_000.0, **said}
    config = require_module("transformers").LlamaConfig(**sizes, rope_parameters=rope)
    scaled, _ = require_module("transformers.modeling_rope_utils").ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    assert torch.allclose(500_000.0 ** (-torch.arange(4) / 4) / divisors, scaled)
    assert divisors[0] == 1
    assert 1 < divisors[2] < divisors[3] == 4, "the third is between"
    assert import_gguf(path)[0].config.model.position == choices("llama", position=LLAMA3).model.position


@pytest.mark.parametrize(
    ("numbers", "share", "noted"), [("f16", 2e-3, "F16"), ("bf16", 1e-2, "BF16"), ("q8_0", 1e-2, "Q8_0")]
)
@torch.no_grad()
def test_matrices_take_less_room(numbers: str, share: float, noted: str, tmp_path: Path) -> None:
    path, model = write(tmp_path, choices("llama"), numbers=numbers)
    imported, _ = import_gguf(path)
    for name, weight in imported.model.state_dict().items():
        off = (weight - model.state_dict()[name]).abs().max() / weight.abs().max()
        assert off <= share if weight.dim() > 1 else off == 0, name
    assert imported.notes == (f"23 tensors are of {noted}, and read as float32",)


def test_a_dtype_may_be_asked_for(tmp_path: Path) -> None:
    path, _ = write(tmp_path, choices("qwen2"))
    imported, _ = import_gguf(path, torch.bfloat16)
    assert {weight.dtype for weight in imported.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"attention": {"window": 5}}, "this is mistral"),
        ({"feedforward": {"activation": "gelu"}}, "activation is gelu"),
        (
            {"position": {"scaling": {**LLAMA3["scaling"], "trained_context": 64}}},
            "stores only Llama 3's rotary scaling",
        ),
        ({"position": {"scaling": {**YARN["scaling"], "magnitude": 2.0}}}, "attention_factor of 2.0"),
        ({"position": {"scaling": {**YARN["scaling"], "slow": 0.5}}}, r"YaRN only with"),
        ({"position": {"scaling": {**YARN["scaling"], "fast": 2.0}}}, r"YaRN only with"),
        ({"norm": {"weight": False}}, "cannot hold"),
    ],
    ids=str,
)
def test_what_has_no_place_is_refused(changed: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=complaint):
        write(tmp_path, choices("llama", **changed))
    assert not list(tmp_path.iterdir())


def test_rows_must_fill_blocks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Q8_0 keeps blocks of 32 numbers, and a row of .* has 40: choose f16"):
        write(tmp_path, choices("llama", attention={"head_width": 10}), numbers="q8_0")


def test_the_tokenizer_is_the_same(tmp_path: Path) -> None:
    path, _ = write(tmp_path, choices("llama"))
    ours, (_, read) = tokenizer(), import_gguf(path)
    theirs = require_module("transformers").AutoTokenizer.from_pretrained(tmp_path, gguf_file=path.name)
    for text in ("the cat sat", "  12345 cats\n\n", "Über 日本 <|start|>", ""):
        assert ours.encode(text) == read.encode(text)
        assert read.decode(read.encode(text)) == text
    assert ours.encode("the cat sat on 12 mats") == theirs.encode("the cat sat on 12 mats")
    assert (read.end, read.pad, read.ends) == (ours.end, ours.pad, ours.ends)
    assert read.encode("<|start|>", special=True) == ours.encode("<|start|>", special=True)


def test_it_opens_as_any_other_model_does(tmp_path: Path) -> None:
    path, model = write(tmp_path, choices("llama"), numbers="f32")
    pipeline = cutaway.load(path, "cpu")
    ids = torch.tensor([pipeline.tokenizer.encode("the cat")])
    likeliest = model(ids)[0, -1].argmax()
    assert pipeline.tokenizer.encode(pipeline.generate("the cat", 1, temperature=0.0)) == [likeliest]
    assert pipeline.config.task.kind == "language_modeling"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"missing\.gguf cannot be read: No such file"):
        cutaway.load(tmp_path / "missing.gguf")


def test_more_tokens_than_the_model_knows_are_refused(tmp_path: Path) -> None:
    path, _ = write(tmp_path, choices("llama"))
    before, after = (f"llama.vocab_size{NUMBER}".encode() + struct.pack("<I", count) for count in (VOCABULARY, 200))
    path.write_bytes(path.read_bytes().replace(before, after))
    with pytest.raises(UserError, match="the tokenizer has 293 tokens, but the model has 200"):
        import_gguf(path)


def test_a_full_disk_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writers, make = [], require_module("gguf").GGUFWriter
    monkeypatch.setattr(
        require_module("gguf"), "GGUFWriter", lambda *given: writers.append(make(*given)) or writers[-1]
    )
    with largest_file(60_000), pytest.raises(JobError, match=r"model\.gguf could not be written"):
        write(tmp_path, choices("llama"))
    assert [writer.fout for writer in writers] == [None]
    assert list(tmp_path.iterdir()) == []
