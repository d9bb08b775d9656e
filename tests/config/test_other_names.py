"""Names of nanoGPT, LitGPT and `transformers` mean a key, or are answered with the exact keys."""

import re
from typing import Any

import pytest

from cutaway.config.model import ModelConfig
from cutaway.config.other_names import (
    ANSWERS,
    MODELS_WITHOUT_OWNER,
    OTHER_NAMES,
    TASK_NAMES,
    VALUES,
    keys_meant,
    pretrained_model,
    task_meant,
    value_meant,
)
from cutaway.config.reading import changed_keys, load_preset, override
from cutaway.config.reference import dotted_keys, kinds_of
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS
from cutaway.errors import UserError
from cutaway.runs.requirements import chosen_by_task
from support import require_module

KNOWN = frozenset(dotted_keys())


def changed(*assignments: str, preset: str | None = None) -> RunConfig:
    return override(RunConfig() if preset is None else load_preset(preset), assignments)


def complaint(*assignments: str, preset: str | None = None) -> str:
    with pytest.raises(UserError) as error:
        changed(*assignments, preset=preset)
    return str(error.value)


def test_every_name_means_keys_that_exist_and_is_no_key_itself() -> None:
    assert {key for keys in OTHER_NAMES.values() for key in keys} <= KNOWN
    assert not OTHER_NAMES.keys() & KNOWN
    assert not OTHER_NAMES.keys() & ANSWERS.keys()
    assert VALUES.keys() <= KNOWN
    assert not TASK_NAMES.keys() & KINDS.keys()
    assert {*TASK_NAMES.values()} <= KINDS.keys()


def test_an_own_last_part_is_another_library_s_name_only_for_its_own_key() -> None:
    own = {key.rpartition(".")[2] for key in KNOWN}
    for name in own & OTHER_NAMES.keys():
        assert all(key.rpartition(".")[2] == name for key in OTHER_NAMES[name]), name


def test_answers_name_keys_that_exist_or_options() -> None:
    for name, line in ANSWERS.items():
        keys = re.findall(r"\b(?:model|train|task|data)\.[a-z_.]*[a-z]", line)
        assert set(keys) <= KNOWN, name
        assert keys or "--" in line, name


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_is_understood_alone_and_below_its_group(name: str) -> None:
    for key in OTHER_NAMES[name]:
        group = key.partition(".")[0]
        assert key in keys_meant(name, KNOWN)
        assert key in keys_meant(f"{group}.{name}", KNOWN)
        assert keys_meant(f"{key.rpartition('.')[0]}.{name}", KNOWN)[0] == key
    assert keys_meant(f"origin.{name}", KNOWN) == []


NANOGPT = {
    "n_layer=6 n_head=6 n_embd=384 block_size=256": {"layers": 6, "attention.heads": 6, "width": 384, "context": 256},
    "num_hidden_layers=3 num_attention_heads=8 num_key_value_heads=2 hidden_size=64 max_position_embeddings=77": {
        "layers": 3,
        "attention.heads": 8,
        "attention.kv_heads": 2,
        "width": 64,
        "context": 77,
    },
    "model.n_layer=5 layers=6 model.attention.num_key_value_heads=1": {"layers": 6, "attention.kv_heads": 1},
    "intermediate_size=99 hidden_act=gelu_new tie_word_embeddings=false": {
        "feedforward.hidden": 99,
        "feedforward.activation": "gelu_tanh",
        "head.tied": False,
    },
    "kv_lora_rank=24 attention=mla": {"attention.kind": "latent", "attention.latent_rank": 24},
    "rope_theta=5000 position=rope": {"position.kind": "rotary", "position.base": 5000},
    "norm_class_name=RMSNorm norm_eps=1e-4": {"norm.kind": "rms", "norm.epsilon": 1e-4},
    "mlp_class_name=LLaMAMoE n_expert=6 n_expert_per_token=3": {
        "feedforward.kind": "experts",
        "feedforward.experts": 6,
        "feedforward.experts_per_token": 3,
    },
}
TRAINING = {
    "max_iters=7 learning_rate=3e-4 weight_decay=0.3 beta1=0.8 beta2=0.7": {
        "steps": 7,
        "optimizer.learning_rate": 3e-4,
        "optimizer.weight_decay": 0.3,
        "optimizer.beta1": 0.8,
        "optimizer.beta2": 0.7,
    },
    "max_steps=9 per_device_train_batch_size=5 train.lr=2e-3": {
        "steps": 9,
        "batch_size": 5,
        "optimizer.learning_rate": 2e-3,
    },
    "num_train_epochs=2 warmup_ratio=0.25 lr_scheduler_type=constant_with_warmup": {
        "epochs": 2,
        "schedule.kind": "constant",
        "schedule.warmup": 0.25,
    },
    "grad_clip=0 dtype=bfloat16 eval_interval=11 eval_iters=12": {
        "gradient_clip": None,
        "precision": "bf16",
        "evaluate_every": 11,
        "evaluate_batches": 12,
    },
    "optim=adamw_torch max_grad_norm=0.5 seed=4 device=gpu": {
        "optimizer.kind": "adamw",
        "gradient_clip": 0.5,
        "seed": 4,
        "device": "gpu",
    },
}


@pytest.mark.parametrize(("words", "values"), NANOGPT.items(), ids=NANOGPT)
def test_a_model_is_described_as_elsewhere(words: str, values: dict[str, Any]) -> None:
    assert {key: at(changed(*words.split()).model, key) for key in values} == values


@pytest.mark.parametrize(("words", "values"), TRAINING.items(), ids=TRAINING)
def test_training_is_described_as_elsewhere(words: str, values: dict[str, Any]) -> None:
    assert {key: at(changed(*words.split()).train, key) for key in values} == values


def at(record: Any, key: str) -> Any:
    for part in key.split("."):
        record = getattr(record, part)
    return record


def test_of_several_keys_the_one_is_meant_that_exists_with_the_kinds() -> None:
    assert changed("width=96").model.width == 96, "the model has no image whose width it may be"
    assert changed("patch_size=8", preset="vit-nano").model.embedding.patch == 8
    assert changed("patch_size=8", preset="caption-nano").model.source_embedding.patch == 8
    assert changed("beta2=0.9", preset="gpt-nano").train.optimizer.adamw.beta2 == 0.9
    assert "width may be model.width or model.embedding.width" in complaint("width=96", preset="vit-nano")
    assert "there is no 'patch_size'; did you mean 'model.embedding.patch'" in complaint("patch_size=8")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("dropout=0.1", "dropout may be model.dropout or model.attention.dropout: write the one you mean"),
        ("bias=yes", "bias may be model.attention.bias, model.attention.out_bias, model.feedforward.bias"),
        ("model.bias=yes", "model.bias may be model.attention.bias or model.feedforward.bias or model.head.bias"),
        ("gradient_accumulation_steps=4", "write train.batch_size=WHOLE train.gradient_accumulation=STEPS"),
        ("min_lr=1e-5", "write train.schedule.floor=LOWEST/PEAK"),
        ("out_dir=x", "write --out DIR"),
        ("train.n_layer=4", "there is no 'train.n_layer'; did you mean 'model.layers'?"),
        ("task=regression", "write --task sequence_classification task.problem=regression"),
        ("task=xyzzy", "task has no kind 'xyzzy'"),
    ],
)
def test_what_may_mean_several_things_or_nothing_here_is_told(words: str, line: str) -> None:
    assert line in complaint(*words.split())
    assert "\n" not in complaint(*words.split())


def test_the_exact_keys_are_told() -> None:
    keys = ["train.steps", "model.layers", "model.position"]
    assert changed_keys(RunConfig(), ["steps=3", "model.n-layer=2", "position=rope"]) == keys


@pytest.mark.parametrize("key", VALUES)
def test_values_elsewhere_are_values_here_and_none_of_ours_is_translated(key: str) -> None:
    for value, ours in VALUES[key].items():
        assert value_meant(key, value.upper()) == ours
        assert value_meant(key, ours) == ours
        override(RunConfig(), [f"{key}={value}"] if key.startswith(("train", "model.f", "model.n", "model.p")) else [])
    assert not VALUES[key].keys() & {*kinds_of(key)}


@pytest.mark.parametrize(("name", "kind"), TASK_NAMES.items(), ids=TASK_NAMES)
def test_a_task_goes_by_other_names(name: str, kind: str) -> None:
    assert task_meant(name.replace("_", "-").upper()) == kind
    assert changed(f"task={name}").task.kind == kind
    assert RunConfig.model_validate({"task": name}).task.kind == kind
    assert RunConfig.model_validate({"task": {"kind": name}}).task.kind == kind


@pytest.mark.parametrize(
    ("preset", "kind"),
    [
        ("vit-nano", "image_classification"),
        ("audio-nano", "audio_classification"),
        ("graph-nano", "graph_classification"),
        ("bert-nano", "sequence_classification"),
        ("gpt-nano", "sequence_classification"),
    ],
)
def test_which_classification_is_meant_depends_on_what_the_model_reads(preset: str, kind: str) -> None:
    assert chosen_by_task("classification", load_preset(preset))[0] == f"task={kind}"
    if load_preset(preset).model.head.kind == "sequence":
        assert changed("task=classification", preset=preset).task.kind == kind


def test_without_a_model_classification_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"may be image_classification, audio_classification, .*: write one"):
        RunConfig.model_validate({"task": "classification"})


def test_a_name_of_a_model_is_known_by_its_looks() -> None:
    assert pretrained_model("gpt-naon") is pretrained_model("bert-nona") is pretrained_model("gpt") is None
    assert pretrained_model("meta-llama/Llama-3.2-1B") == "meta-llama/Llama-3.2-1B"
    assert pretrained_model("Qwen2.5-0.5B") == "OWNER/Qwen2.5-0.5B"
    assert {pretrained_model(name) for name in MODELS_WITHOUT_OWNER} == MODELS_WITHOUT_OWNER


@pytest.mark.parametrize(
    "name", ["GPT2Config", "LlamaConfig", "BertConfig", "T5Config", "ViTConfig", "DeepseekV3Config"]
)
def test_sizes_of_transformers_configs_are_known(name: str) -> None:
    transformers = require_module("transformers")
    sizes = {key for key, value in getattr(transformers, name)().to_dict().items() if type(value) is int}
    unknown = {key for key in sizes if not keys_meant(key, KNOWN) and key not in ANSWERS and not key.endswith("_id")}
    assert unknown <= {
        "chunk_size_feed_forward",
        "pretraining_tp",
        "encoder_stride",
        "pooler_output_size",
        "qk_head_dim",
    }


def test_model_fields_are_reached_by_their_last_part_where_it_is_unique() -> None:
    for name in ModelConfig.model_fields:
        assert f"model.{name}" in keys_meant(name, KNOWN)
