"""Folders of Sentence Transformers: read in each of its formats, and written so that it gives the same vectors."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cutaway.errors import UserError
from cutaway.pipeline.loading import load
from support import require_module
from text.folders import auto, bert, byte_pairs, write_json

TEXTS = ["the cat sat on the mat", "low", "naïve CAFÉ, lower don't", "low " * 60]
SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 50}
LONGEST, CONTEXT = 17, 40
NEWER = {"cls": "cls", "mean": "mean", "max": "max", "last": "lasttoken"}
OLDER = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
    "last": "pooling_mode_lasttoken",
}


def folder_of_theirs(folder: Path, name: str, pooling: str, *, normalised: bool, newer: bool) -> Path:
    """A random model with the files of Sentence Transformers 6, or those that it wrote before."""
    transformers = require_module("transformers")
    is_bert = name.endswith("BertModel")
    tokens = folder.with_name("tokens")
    tokenizer = auto(bert(tokens)) if is_bert else auto(byte_pairs(tokens, "gpt2", ["<|endoftext|>"]))
    architecture = getattr(transformers, name)
    sizes = {"dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 50} if name == "DistilBertModel" else SIZES
    torch.manual_seed(0)
    config = architecture.config_class(vocab_size=len(tokenizer), max_position_embeddings=CONTEXT, **sizes)
    model = architecture(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    model.save_pretrained(folder)
    tokenizer.model_max_length = LONGEST if newer else CONTEXT
    tokenizer.save_pretrained(folder)
    kinds = {"Transformer": "", "Pooling": "1_Pooling", **({"Normalize": "2_Normalize"} if normalised else {})}
    modules = [
        {"idx": i, "name": str(i), "path": kinds[kind], "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    write_json(folder / "modules.json", modules)
    if newer:
        write_json(folder / "1_Pooling/config.json", {"embedding_dimension": 24, "pooling_mode": NEWER[pooling]})
        write_json(folder / "sentence_bert_config.json", {"transformer_task": "feature-extraction"})
    else:
        modes = {option: ours == pooling for ours, option in OLDER.items()}
        write_json(folder / "1_Pooling/config.json", {"word_embedding_dimension": 24, **modes})
        write_json(folder / "sentence_bert_config.json", {"max_seq_length": LONGEST, "do_lower_case": False})
    return folder


def vectors(folder: Path) -> list[np.ndarray]:
    """What the files of an exported folder ask for, computed by `transformers` and plain code."""
    model = require_module("transformers").AutoModel.from_pretrained(folder).eval()
    first, second, *others = json.loads((folder / "modules.json").read_text())
    assert [one["type"] for one in (first, second)] == [
        f"sentence_transformers.models.{name}" for name in ("Transformer", "Pooling")
    ]
    limit = json.loads((folder / first["path"] / "sentence_bert_config.json").read_text())["max_seq_length"]
    options = json.loads((folder / second["path"] / "config.json").read_text())
    assert options.pop("word_embedding_dimension") == model.config.hidden_size
    (mode,) = [name for name, value in options.items() if value]
    found = []
    for text in TEXTS:
        given = auto(folder)(text, truncation=True, max_length=limit, return_tensors="pt")
        with torch.no_grad():
            states = model(**given).last_hidden_state[0]
        vector = {
            "pooling_mode_cls_token": states[0],
            "pooling_mode_mean_tokens": states.mean(dim=0),
            "pooling_mode_max_tokens": states.max(dim=0).values,
            "pooling_mode_lasttoken": states[-1],
        }[mode]
        for module in others:
            assert module["type"] == "sentence_transformers.models.Normalize"
            assert (folder / module["path"]).is_dir()
            vector = vector / vector.norm()
        found.append(vector.numpy())
    return found


@pytest.mark.parametrize(
    ("name", "pooling", "normalised", "newer"),
    [
        ("BertModel", "mean", False, False),
        ("BertModel", "mean", True, True),
        ("BertModel", "cls", True, False),
        ("BertModel", "max", False, True),
        ("DistilBertModel", "mean", True, False),
        ("DistilBertModel", "cls", False, True),
        ("LlamaModel", "last", True, True),
        ("LlamaModel", "mean", False, False),
    ],
)
def test_vectors_are_kept(name: str, pooling: str, normalised: bool, newer: bool, tmp_path: Path) -> None:
    ours = load(folder_of_theirs(tmp_path / "in", name, pooling, normalised=normalised, newer=newer))
    assert ours.config.task.kind == "sentence_embedding"
    exported = ours.export(tmp_path / "out")
    assert exported.against == "transformers"
    assert exported.difference < 1e-5
    back = load(tmp_path / "out")
    assert back.config.model == ours.config.model
    assert back.config.task == ours.config.task
    truncated: Counter[str] = Counter()
    found = ours.embed(TEXTS, truncated=truncated)
    assert truncated == {f"cut to {LONGEST} tokens": 1}
    for vector, again, expected in zip(
        found, back.embed(TEXTS, truncated=Counter()), vectors(tmp_path / "out"), strict=True
    ):
        assert vector == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert np.array_equal(vector, again)
    assert abs(np.linalg.norm(found[0]) - 1) < 1e-5 if normalised else abs(np.linalg.norm(found[0]) - 1) > 1e-2


def test_a_pooler_of_their_class_needs_no_modules(tmp_path: Path) -> None:
    folder = folder_of_theirs(tmp_path / "in", "BertModel", "mean", normalised=False, newer=False)
    (folder / "modules.json").unlink()
    ours = load(folder)
    assert ours.config.model.head.hidden
    ours.export(tmp_path / "out")
    assert not (tmp_path / "out/modules.json").exists()
    assert np.array_equal(load(tmp_path / "out").embed("low"), ours.embed("low"))


@pytest.mark.parametrize(
    ("file", "said", "complaint"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "weightedmean"}, "asks for weightedmean, and cutaway has cls"),
        ("1_Pooling/config.json", {"pooling_mode": ["cls", "max"]}, "asks for cls and max"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}, "asks for no pooling"),
        ("1_Pooling/config.json", [], "config.json holds no options"),
        ("sentence_bert_config.json", {"max_seq_length": 0}, "max_seq_length=0, which is not a number of tokens"),
    ],
    ids=str,
)
def test_what_is_not_implemented_is_refused(file: str, said: Any, complaint: str, tmp_path: Path) -> None:
    folder = folder_of_theirs(tmp_path / "in", "BertModel", "mean", normalised=False, newer=True)
    write_json(folder / file, said)
    with pytest.raises(UserError, match=complaint):
        load(folder)


def test_a_prompt_that_is_not_added_is_noted(tmp_path: Path) -> None:
    folder = folder_of_theirs(tmp_path / "in", "BertModel", "mean", normalised=False, newer=True)
    note = "config_sentence_transformers.json asks for the prompt 'query' before texts, but they are left as they are"
    assert note not in load(folder).notes
    write_json(folder / "config_sentence_transformers.json", {"default_prompt_name": "query"})
    assert note in load(folder).notes
