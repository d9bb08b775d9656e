"""Folders that are damaged, strange or hostile: each is refused in one line that says what is wrong."""

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.checkpoint_files import load_pickled
from cutaway.hub.exporting import export_folder
from cutaway.hub.gguf.header import read_header
from cutaway.hub.importing import import_folder
from cutaway.model.build import build
from cutaway.model.run_folder import read_json, write_json, write_tensors
from support import require_attributes

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
EMBEDDING = "bert.embeddings.word_embeddings.weight"
MODEL = {
    "architecture": "encoder",
    "vocabulary": 37,
    "context": 17,
    "width": 24,
    "layers": 1,
    "attention": {"heads": 4, "bias": True, "out_bias": True},
    "embedding": {"norm": True, "segments": 2},
    "residual": "post",
    "final_norm": False,
    "head": {"bias": True, "transform": "gelu"},
}
Spoil = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small BERT, as it should be."""
    config = RunConfig.model_validate({"model": MODEL, "task": "masked_language_modeling"})
    export_folder(build(config.model), config, tmp_path / "model", {"pad_token_id": 0})
    return tmp_path / "model"


def refusal(folder: Path) -> str:
    """What an import says, which is one line."""
    with pytest.raises(UserError) as error:
        import_folder(folder)
    said = str(error.value)
    assert said
    assert "\n" not in said
    return said


def rewrite(folder: Path, change: Callable[[dict[str, Tensor]], Mapping[str, Tensor]]) -> None:
    """Writes other tensors."""
    write_tensors(folder / WEIGHTS, change(load_file(folder / WEIGHTS)), metadata={"format": "pt"})


def options(folder: Path, **changed: Any) -> None:
    """Writes other options."""
    write_json(folder / "config.json", read_json(folder / "config.json") | changed)


def shards(folder: Path) -> dict[str, str]:
    """Parts the tensors into two files with an index, and returns which is where."""
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    named = {name: f"model-{1 + i % 2}.safetensors" for i, name in enumerate(tensors)}
    for file in set(named.values()):
        write_tensors(folder / file, {name: tensors[name] for name in named if named[name] == file})
    write_json(folder / INDEX, {"weight_map": named})
    return named


def raw(header: bytes | Mapping[str, Any], content: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file, byte by byte."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + content


def same_weights(folder: Path, other: Path) -> bool:
    """Whether both folders hold one model."""
    ours, theirs = (dict(import_folder(path).model.named_parameters()) for path in (folder, other))
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_folder_without_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert "has no weights" in refusal(folder)


def test_weights_in_several_files_are_put_together(folder: Path, tmp_path: Path) -> None:
    config = RunConfig.model_validate({"model": MODEL, "task": "masked_language_modeling"})
    export_folder(build(config.model), config, tmp_path / "whole", {"pad_token_id": 0})
    shards(folder)
    assert same_weights(folder, tmp_path / "whole")


def test_an_index_that_names_a_missing_file(folder: Path) -> None:
    shards(folder)
    (folder / "model-2.safetensors").unlink()
    assert "names 2 files, but 1 cannot be found, such as model-2.safetensors" in refusal(folder)


@pytest.mark.parametrize("name", ["../model-1.safetensors", "/etc/passwd"])
def test_an_index_that_leads_out_of_its_folder(name: str, folder: Path) -> None:
    write_json(folder / INDEX, {"weight_map": dict.fromkeys(shards(folder), name)})
    assert f"names a file outside its folder: {name!r}" in refusal(folder)


@pytest.mark.parametrize("content", [[], {}, {"weight_map": ["a"]}, {"weight_map": {"a": 3}}], ids=str)
def test_an_index_that_is_none(content: Any, folder: Path) -> None:
    shards(folder)
    write_json(folder / INDEX, content)
    assert "is not an index of shards" in refusal(folder)


@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.999])
def test_weights_cut_short(left: float, folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: int(left * len(content))])
    assert "model.safetensors cannot be read" in refusal(folder)


def tensor(begin: int, end: int, shape: tuple[int, ...] = (2,), dtype: str = "F32") -> dict[str, Any]:
    """An entry of a header."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        raw(b"{}", length=2**63),
        raw(b"{}", length=10**9),
        raw(b"[1, 2]"),
        raw(b"\xff\xfe{}"),
        raw({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
        raw({"a": tensor(0, 8), "b": tensor(0, 8)}, bytes(8)),
        raw({"a": tensor(0, 80)}, bytes(8)),
        raw({"a": tensor(-8, 0)}, bytes(8)),
        raw({"a": tensor(0, 8, (2**40, 2**40))}, bytes(8)),
        raw({"a": tensor(0, 8, dtype="F31")}, bytes(8)),
        raw({"a": tensor(8, 16)}, bytes(16)),
    ],
    ids=["longest", "long", "list", "bytes", "overlap", "twice", "outside", "before", "huge", "dtype", "gap"],
)
def test_a_header_that_lies(content: bytes, folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(content)
    assert "model.safetensors cannot be read" in refusal(folder)


def test_numbers_that_are_integers(folder: Path) -> None:
    rewrite(folder, lambda tensors: {name: one.to(torch.int8) for name, one in tensors.items()})
    assert "holds int8, no floating-point numbers: ask for one that is not quantized" in refusal(folder)


def test_missing_and_unknown_tensors_are_named_and_counted(folder: Path) -> None:
    rewrite(
        folder, lambda tensors: {f"x.{name}" if ".layer.0." in name else name: one for name, one in tensors.items()}
    )
    said = refusal(folder)
    missing = [f"bert.encoder.layer.0.attention.self.{name}" for name in ("query.weight", "query.bias", "key.weight")]
    assert f"lacks {', '.join(missing)}" in said
    assert "holds unknown x.bert.encoder.layer.0.attention.output.LayerNorm.bias, x." in said
    assert said.count(" and 11 more (16 in all)") == 2


def test_a_tensor_of_another_shape(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors | {EMBEDDING: tensors[EMBEDDING][1:].clone()})
    said = refusal(folder)
    assert EMBEDDING in said
    assert "(36, 24)" in said
    assert "(37, 24)" in said


def test_a_second_copy_must_be_the_same(folder: Path) -> None:
    second = "cls.predictions.decoder.weight"
    rewrite(folder, lambda tensors: tensors | {second: tensors[EMBEDDING].clone()})
    import_folder(folder)
    rewrite(folder, lambda tensors: tensors | {second: tensors[EMBEDDING] + 1})
    assert f"{second} differs from {EMBEDDING}, and the model has one for both" in refusal(folder)


@pytest.mark.parametrize("second", ["cls.predictions.decoder.weight", None], ids=str)
def test_pickled_tensors_are_read(second: str | None, folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    before = import_folder(folder).model
    (folder / WEIGHTS).unlink()
    torch.save(tensors | ({} if second is None else {second: tensors[EMBEDDING]}), folder / "pytorch_model.bin")
    for name, weight in import_folder(folder).model.named_parameters():
        assert torch.equal(weight, before.get_parameter(name)), name


class Harm:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harmed"),)


def test_pickled_code_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / WEIGHTS).unlink()
    torch.save({"a": Harm()}, folder / "pytorch_model.bin")
    assert "has more than tensors, and reading it could run code: use safetensors" in refusal(folder)
    assert not (folder / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no pickle"], ids=str)
def test_a_pickle_that_is_none(content: bytes, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(content)
    assert "pytorch_model.bin" in refusal(folder)


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"a": 3}, {3: torch.zeros(2)}], ids=["list", "number", "key"])
def test_a_pickle_of_something_else(content: Any, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save(content, folder / "pytorch_model.bin")
    assert "pytorch_model.bin" in refusal(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"bert"', "null"])
def test_a_config_that_is_no_object(content: str, folder: Path) -> None:
    (folder / "config.json").write_text(content, encoding="utf-8")
    assert "config.json" in refusal(folder)


@pytest.mark.parametrize("name", ["falcon", None, 3, ["bert"]], ids=str)
def test_a_family_that_nobody_knows(name: Any, folder: Path) -> None:
    options(folder, model_type=name)
    said = refusal(folder)
    assert repr(name) in said
    for known in ("bert", "gpt2", "llama", "marian", "t5", "vit"):
        assert known in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"position_embedding_type": "relative_key"}, "position_embedding_type='relative_key', and only 'absolute' is"),
        ({"is_decoder": True}, "is_decoder=True"),
        ({"add_cross_attention": True}, "add_cross_attention=True"),
        ({"add_cross_attention": True}, "add_cross_attention=True, and only False is"),
        ({"sparse_attention": "block"}, "sparse_attention='block', which cutaway does not implement"),
        ({"hidden_act": "mish"}, "hidden_act='mish', which cutaway does not have"),
        ({"architectures": ["BertForMaskedML"]}, "BertForMaskedML.*BertForMaskedLM"),
        ({"num_attention_heads": 5}, "not divisible by 5 heads"),
        ({"hidden_size": "wide"}, "width"),
        ({"num_hidden_layers": 10**9}, "asks for 1,000,000,000 layers, but its files have"),
        ({"vocab_size": 10**13}, "the model's is (10000000000000, 24)"),
        ({"vocab_size": 10**30}, "asks for sizes that are too large"),
        ({"architectures": "BertForMaskedLM"}, "architectures='BertForMaskedLM', which is not a list of names"),
        ({"num_hidden_layers": -1}, "layers"),
    ],
    ids=str,
)
def test_an_option_that_is_not_implemented(changed: dict[str, Any], said: str, folder: Path) -> None:
    options(folder, **changed)
    found = refusal(folder)
    for part in said.split(".*"):
        assert part in found


@pytest.mark.parametrize("nothing", [None, False, [], {}, ""], ids=str)
def test_an_option_that_asks_for_nothing_is_passed_over(nothing: Any, folder: Path) -> None:
    options(folder, something_new=nothing)
    import_folder(folder)


def test_a_pipe_in_place_of_a_file_is_refused(folder: Path) -> None:
    make_pipe = require_attributes("os", "mkfifo").mkfifo
    for name in (WEIGHTS, "config.json"):
        (folder / name).unlink()
        make_pipe(folder / name)
        assert f"{name} is a pipe or a device, where a file is expected" in refusal(folder)
        assert "where a file is expected" in str(caught(load_pickled, folder / name))
        assert "where a file is expected" in str(caught(read_header, folder / name))


def test_a_config_that_is_nested_too_deeply_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000)
    assert "config.json cannot be read: it is nested too deeply" in refusal(folder)


def caught(read: Callable[[Path], Any], path: Path) -> UserError:
    with pytest.raises(UserError) as error:
        read(path)
    return error.value
