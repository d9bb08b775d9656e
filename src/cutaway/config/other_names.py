"""Names that people bring from nanoGPT, LitGPT and `transformers`: the keys, values and tasks that they mean here.

A name that means one key is understood. One that may mean several, or means something that is chosen otherwise here, is
answered with the exact keys.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from cutaway.errors import UserError

_KEYS = {
    # the size of a model
    "model.context": "block_size n_positions n_ctx max_position_embeddings max_seq_length max_seq_len seq_len "
    "sequence_length context_length model_max_length max_length max_source_length max_target_length",
    "model.width": "n_embd hidden_size d_model dim embed_dim embedding_dim",
    "model.layers": "n_layer n_layers num_layers num_hidden_layers depth decoder_layers num_decoder_layers",
    "model.encoder_layers": "num_encoder_layers",
    "model.vocabulary": "vocab_size padded_vocab_size",
    "model.attention.heads": "n_head n_heads num_heads num_attention_heads encoder_attention_heads "
    "decoder_attention_heads",
    "model.attention.kv_heads": "num_key_value_heads n_query_groups n_kv_heads n_kv_head num_kv_heads",
    "model.attention.head_width": "head_dim head_size d_kv d_head qk_nope_head_dim",
    "model.feedforward.hidden": "intermediate_size n_inner d_ff hidden_dim ffn_dim encoder_ffn_dim decoder_ffn_dim "
    "moe_intermediate_size",
    # its equations
    "model.attention.bias": "attention_bias attn_bias qkv_bias",
    "model.attention.qk_norm": "norm_qk use_qk_norm",
    "model.attention.window": "sliding_window sliding_window_size window_size",
    "model.attention.softcap": "attn_logit_softcapping attention_logit_softcapping",
    "model.attention.dropout": "attention_dropout attn_pdrop attention_probs_dropout_prob attn_dropout",
    "model.attention.query_rank": "q_lora_rank",
    "model.attention.latent_rank": "kv_lora_rank",
    "model.attention.rotary_width": "qk_rope_head_dim",
    "model.attention.value_width": "v_head_dim",
    "model.feedforward": "mlp_class_name",
    "model.feedforward.activation": "hidden_act hidden_activation activation_function dense_act_fn",
    "model.feedforward.bias": "mlp_bias",
    "model.feedforward.experts": "n_expert n_experts num_experts num_local_experts n_routed_experts",
    "model.feedforward.experts_per_token": "n_expert_per_token num_experts_per_tok",
    "model.feedforward.shared": "n_shared_experts n_shared_expert",
    "model.feedforward.groups": "n_group n_expert_groups",
    "model.feedforward.groups_per_token": "topk_group n_topk_groups",
    "model.feedforward.normalised": "norm_topk_prob",
    "model.feedforward.scale": "routed_scaling_factor",
    "model.feedforward.balance_weight": "router_aux_loss_coef",
    "model.first_layers.count": "first_k_dense_replace",
    "model.multi_token_prediction": "num_nextn_predict_layers",
    "model.position.base": "rope_theta rope_base",
    "model.position.buckets": "relative_attention_num_buckets",
    "model.position.max_distance": "relative_attention_max_distance",
    "model.norm": "norm_class_name",
    "model.norm.epsilon": "norm_eps rms_norm_eps layer_norm_eps layer_norm_epsilon",
    "model.head.tied": "tie_word_embeddings tie_embeddings tie_weights",
    "model.head.bias": "lm_head_bias",
    "model.head.labels": "num_labels num_classes n_classes",
    "model.head.softcap": "final_logit_softcapping",
    "model.dropout": "hidden_dropout hidden_dropout_prob resid_pdrop embd_pdrop dropout_rate",
    "model.embedding.scaled": "scale_embedding scale_embeddings",
    "model.embedding.segments": "type_vocab_size",
    "model.embedding.token_width": "embedding_size word_embed_proj_dim",
    "model.embedding.patch model.source_embedding.patch": "patch_size",
    "model.embedding.channels model.source_embedding.channels": "num_channels in_chans in_channels",
    "model.embedding.bins": "num_mel_bins n_mels",
    # training
    "train.steps": "max_iters max_steps num_steps num_train_steps total_steps",
    "train.epochs": "num_train_epochs num_epochs n_epochs max_epochs",
    "train.batch_size": "per_device_train_batch_size train_batch_size global_batch_size bs",
    "train.optimizer": "optim",
    "train.optimizer.learning_rate": "lr learning_rate max_lr",
    "train.optimizer.weight_decay": "weight_decay wd",
    "train.optimizer.beta1 train.optimizer.adamw.beta1": "adam_beta1",
    "train.optimizer.beta2 train.optimizer.adamw.beta2": "adam_beta2",
    "train.optimizer.epsilon train.optimizer.adamw.epsilon": "adam_epsilon",
    "train.schedule": "lr_scheduler_type lr_scheduler scheduler",
    "train.schedule.warmup": "warmup_iters warmup_steps warmup_ratio lr_warmup_steps lr_warmup_fraction",
    "train.gradient_clip": "grad_clip max_grad_norm max_norm gradient_clip_val gradient_clipping clip_grad",
    "train.precision": "dtype torch_dtype mixed_precision",
    "train.log_every": "log_interval logging_steps",
    "train.evaluate_every": "eval_interval eval_steps eval_every",
    "train.evaluate_batches": "eval_iters",
    "train.save_every": "save_interval save_steps",
    "train.keep": "save_total_limit",
    "train.patience": "early_stopping_patience",
    "train.best": "metric_for_best_model",
    "task.label_smoothing": "label_smoothing_factor",
    "task.fraction": "mlm_probability",
    "task.problem": "problem_type",
    "task.stride": "doc_stride",
    "task.longest_answer": "max_answer_length",
    "task.sample_rate": "sampling_rate",
    "data.path": "dataset dataset_name data_dir data_path train_file train_data_path",
    "data.validation": "val_split_fraction validation_split val_fraction",
    "data.validation_path": "validation_file eval_file val_data_path",
    "data.field": "text_column text_column_name dataset_text_field",
}
"""From a key, or the keys that it is one of, to its names elsewhere."""
OTHER_NAMES = {name: tuple(keys.split()) for keys, names in _KEYS.items() for name in names.split()}
"""From a name elsewhere to its keys here."""

_WHOLE_BATCH = (
    "train.batch_size is the whole batch of a step, and train.gradient_accumulation divides it: "
    "write train.batch_size={} train.gradient_accumulation={}"
)
ANSWERS = {
    "bias": "{} may be model.attention.bias, model.attention.out_bias, model.feedforward.bias, model.norm.bias or "
    "model.head.bias: write those you mean",
    "gradient_accumulation_steps": f"{{}} multiplies the batch elsewhere; here {_WHOLE_BATCH.format('WHOLE', 'STEPS')}",
    "micro_batch_size": f"{{}} is computed here: {_WHOLE_BATCH.format('WHOLE', 'WHOLE/MICRO')}",
    "min_lr": "{} is a fraction of the peak here: write train.schedule.floor=LOWEST/PEAK",
    "decay_lr": "the learning rate decays by train.schedule: write train.schedule=constant for none",
    "lr_decay_iters": "the learning rate decays until train.steps: write train.steps=NUMBER",
    "max_tokens": "the length of a run is in steps: write train.steps=TOKENS/(train.batch_size × model.context)",
    "parallel_residual": "{} is a place of the norms here: write model.residual=parallel, or model.residual=pre",
    "attention_scores_scalar": "{} divides scores by a root elsewhere: write model.attention.scale=FACTOR",
    "image_size": "{} is that of the data; to fix it, write model.embedding.height=PIXELS model.embedding.width=PIXELS",
    "is_decoder": "{} is the architecture here: write model.architecture=decoder",
    "is_encoder_decoder": "{} is the architecture here: write model.architecture=encoder_decoder",
    "rope_scaling": "scaling has its own keys: write model.position.scaling=llama3 model.position.scaling.factor=8",
    "rope_parameters": "rotary positions have their own keys: write model.position=rotary model.position.base=10000",
    "bf16": "{} is a precision here: write train.precision=bf16, or train.precision=fp32",
    "fp16": "there is no fp16: write train.precision=bf16, or train.precision=fp32",
    "report_to": "metrics are always in metrics.jsonl: write train.tensorboard=yes for TensorBoard",
    "use_cpu": "{} is a device here: write train.device=cpu",
    "out_dir": "the folder of a run is an option: write --out DIR",
    "output_dir": "the folder of a run is an option: write --out DIR",
    "init_from": "a model to begin with is an option: write --from MODEL, or --resume DIR",
    "model_name_or_path": "a model to fine-tune is an option: write --from MODEL",
    "pretrained_model_name_or_path": "a model to fine-tune is an option: write --from MODEL",
    "checkpoint_dir": "a model to fine-tune is an option: write --from MODEL",
    "resume_from_checkpoint": "resuming is an option: write --resume DIR",
}
"""Names that are no key here: what to write instead; {} stands for the name."""

_SCHEDULES = {"constant_with_warmup": "constant", "warmup_stable_decay": "wsd", "inverse_square_root": "inverse_sqrt"}
_PRECISIONS = {"float32": "fp32", "bfloat16": "bf16", "32": "fp32", "32-true": "fp32", "bf16-true": "bf16"}
_ACTIVATIONS = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "swish": "silu", "relu2": "squared_relu"}
_NETWORKS = {"mlp": "dense", "swiglu": "gated", "moe": "experts", "gptneoxmlp": "dense", "llamamlp": "gated"}
_NORMS = {"layernorm": "layer", "layer_norm": "layer", "rmsnorm": "rms", "rms_norm": "rms"}
VALUES: dict[str, dict[str, str | None]] = {
    "model.attention": {"mha": "grouped", "gqa": "grouped", "mqa": "grouped", "mla": "latent"},
    "model.position": {"rope": "rotary", "absolute": "learned", "t5": "relative", "nope": "none"},
    "model.feedforward": {**_NETWORKS, "llamamoe": "experts"},
    "model.feedforward.activation": {**_ACTIVATIONS},
    "model.head.transform": {**_ACTIVATIONS},
    "model.norm": {**_NORMS},
    "train.optimizer": {"adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adam": "adamw"},
    "train.schedule": {**_SCHEDULES},
    "train.precision": {**_PRECISIONS, "bf16-mixed": "bf16"},
    "train.gradient_clip": {"0": None, "0.0": None},
    "train.best": {"eval_loss": "loss", "eval_accuracy": "accuracy"},
    "task.problem": {
        "single_label_classification": "single_label",
        "multi_label_classification": "multi_label",
    },
}
"""Values of a key elsewhere, in lower case; none of them is a value here."""

_TASKS = {
    "language_modeling": "causal_lm clm lm language_model text_generation causal_language_modeling pretraining",
    "masked_language_modeling": "mlm masked_lm fill_mask",
    "sequence_to_sequence": "seq2seq seq2seq_lm seq_2_seq seq_to_seq summarization translation text2text "
    "text2text_generation",
    "sequence_classification": "text_classification sentiment sentiment_analysis seq_cls seq_classification",
    "token_classification": "ner pos tagging tagger pos_tagging named_entity_recognition sequence_labeling",
    "question_answering": "qa extractive_qa squad",
    "image_captioning": "captioning caption image_to_text image_caption",
    "image_classification": "vision_classification",
    "audio_classification": "sound_classification speech_classification",
    "sentence_embedding": "sentence_similarity feature_extraction embedding embeddings",
}
TASK_NAMES = {name: kind for kind, names in _TASKS.items() for name in names.split()}
"""From the name of a task elsewhere to its kind here."""
_CLASSIFIERS = {
    "patches": "image_classification",
    "frames": "audio_classification",
    "tokens": "sequence_classification",
}
"""The kind of a classification task, by the kind of what the model reads."""
_OF_GRAPHS = ("shortest_path", "graph_classification")
"""The positions of a model that reads graphs, and its classification task."""

MODELS_WITHOUT_OWNER = frozenset(
    {
        *("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2", "t5-small", "t5-base", "t5-large"),
        *("bert-base-uncased", "bert-base-cased", "bert-large-uncased", "bert-large-cased"),
        *("distilbert-base-uncased", "distilbert-base-cased", "roberta-base", "roberta-large", "distilroberta-base"),
    }
)
"""Names that the Hugging Face hub knows without their owner."""
_MODEL = re.compile(
    r"(flan-|meta-|tiny)?(bart|t5|llama|mi[sx]tral|qwen|smollm|deepseek|opus-mt|vit)-?v?([0-9].*|large.*)"
)


def pretrained_model(name: str) -> str | None:
    """The argument of --from that a word may mean, if it looks like the name of a model on the hub."""
    if "/" in name or name.lower() in MODELS_WITHOUT_OWNER:
        return name
    return f"OWNER/{name}" if _MODEL.fullmatch(name.lower()) else None


def other_names_of(word: str) -> tuple[str, ...]:
    """The keys that a name of another library may mean."""
    return OTHER_NAMES.get(word.rpartition(".")[2], ())


def keys_meant(word: str, known: Iterable[str]) -> list[str]:
    """All keys that a word may mean, the least nested first: a key, its last parts, or its name in another library.

    Args:
        word: a name, such as ``n_layer``, ``steps`` or ``train.lr``; what precedes its last part restricts the keys.
        known: all keys.
    """
    keys = [key for key in known if not key.endswith(".kind")]
    if word in keys:
        return [word]
    prefix, dot, last = word.rpartition(".")
    others = OTHER_NAMES.get(last, ())
    below = {
        key for key in others or keys if (others or key.rpartition(".")[2] == last) and key.startswith(prefix + dot)
    }
    renamed = {f"{prefix}.{key.rpartition('.')[2]}" for key in others} if dot else set()  # model.first_layers.…
    return sorted(below or renamed & {*keys}, key=lambda key: (key.count("."), key))


def exact_key(word: str, known: Collection[str], chosen: Collection[str]) -> str:
    """The one key that a word means; the word itself if it means none.

    Args:
        word: as in `keys_meant`.
        known: all keys.
        chosen: the keys that exist with the kinds that are chosen; of several keys, the one of these is meant.

    Raises:
        UserError: it may mean several keys, or is chosen otherwise here; says what to write.
    """
    if word in known:
        return word
    last = word.rpartition(".")[2]
    if last in ANSWERS and (last == word or not keys_meant(word, known)):
        raise UserError(answer(word))
    found = keys_meant(word, known)
    if len(found) > 1:
        found = [key for key in found if key in chosen]
    if len(found) > 1:
        raise UserError(f"{word} may be {' or '.join(found)}: write the one you mean")
    return found[0] if found else word


def answer(word: str) -> str:
    """What to write instead of a name of another library; empty if nothing is known of it."""
    return ANSWERS.get(word.rpartition(".")[2], "").format(word)


def value_meant(key: str, value: Any) -> Any:
    """The value here that another library's value of a key means; other values as they are."""
    known = VALUES.get(key.removesuffix(".kind"), {})
    word = str(value).lower()
    return known[word] if word in known and not isinstance(value, bool) else value


def task_meant(name: str, reads: str | None = None, position: str | None = None) -> str:
    """The kind of a task that goes by another name; the name with underscores if nothing is known of it.

    Args:
        name: such as ``causal-lm``.
        reads: the kind of the model's input embedding, or of its source's: classification depends on it.
        position: the kind of its positions: graphs have their own.

    Raises:
        UserError: it may mean several tasks; names them.
    """
    task = name.lower().replace("-", "_")
    if task in ("classification", "classify", "regression"):
        if reads is None:
            raise UserError(f"the task {name} may be {', '.join(_CLASSIFIERS.values())} or {_OF_GRAPHS[1]}: write one")
        kind = _OF_GRAPHS[1] if position == _OF_GRAPHS[0] else _CLASSIFIERS.get(reads, task)
        if task == "regression":
            raise UserError(
                f"the task {name} is a choice of classification: write --task {kind} task.problem=regression"
            )
        return kind
    return TASK_NAMES.get(task, task)
