"""From options of a config.json to our choices, and back."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from cutaway.errors import UserError

WITHOUT_EFFECT = {
    "_name_or_path",
    "_num_labels",
    "architectures",
    "auto_map",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "cls_token_id",
    "decoder_start_token_id",
    "dtype",
    "eos_token_id",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "id2label",
    "initializer_factor",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "label2id",
    "model_type",
    "num_labels",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "pad_token_id",
    "pooler_act",
    "pooler_output_size",
    "prefix",
    "problem_type",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "use_bfloat16",
    "use_cache",
    "bad_words_ids",
    "begin_suppress_tokens",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "length_penalty",
    "max_length",
    "max_new_tokens",
    "min_length",
    "no_repeat_ngram_size",
    "num_beams",
    "num_beam_groups",
    "num_return_sequences",
    "output_scores",
    "remove_invalid_values",
    "renormalize_logits",
    "repetition_penalty",
    "suppress_tokens",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
}
"""Options that do not change logits: special tokens, training, generation, the origin of files."""

NOTHING: tuple[Any, ...] = (None, False, [], {}, "")
"""Values that have no effect."""


def unchanged(value: Any) -> Any:
    """The value itself."""
    return value


@dataclass(frozen=True)
class Option:
    """One option that is one choice of ours.

    Attributes:
        theirs: the name of the option.
        ours: the dotted name of the choice; a dict as value is merged with the existing one.
        default: the value if the option is missing; without a default it is required.
        read: from the option's value to ours; raises KeyError if we have no such value, or ValueError with the reason.
        write: the inverse.
    """

    theirs: str
    ours: str
    default: Any = ...
    read: Callable[[Any], Any] = unchanged
    write: Callable[[Any], Any] = unchanged


@dataclass(frozen=True)
class Joint:
    """Several options that are choices of ours together.

    Attributes:
        theirs: their names; `read` may use other options too.
        read: from all options of a file to choices by dotted name; raises KeyError if we have no such, or ValueError
            with the reason.
        write: from all choices, a nested dict, to options; raises the same errors if they cannot be expressed.
    """

    theirs: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    write: Callable[[Mapping[str, Any]], Mapping[str, Any]]


Options = tuple[Option | Joint, ...]


def of_each_stack(theirs: tuple[str, str], ours: tuple[str, str], default: Any) -> Joint:
    """A choice of the encoder and one of the decoder; ours of the encoder is none if it is as the decoder's.

    A missing option has the default of the format, whatever the other stack has.
    """

    def read(found: Mapping[str, Any]) -> Mapping[str, Any]:
        encoder, decoder = (default if found.get(name) is None else found[name] for name in theirs)
        return {ours[0]: None if encoder == decoder else encoder, ours[1]: decoder}

    def write(choices: Mapping[str, Any]) -> Mapping[str, Any]:
        encoder, decoder = (_at(choices, path) for path in ours)
        return dict(zip(theirs, (decoder if encoder is None else encoder, decoder), strict=True))

    return Joint(theirs, read, write)


def with_default(options: Options, theirs: str, default: Any) -> Options:
    """The same options, one of which has another default."""
    return tuple(
        replace(option, default=default) if isinstance(option, Option) and option.theirs == theirs else option
        for option in options
    )


def renamed(names: Mapping[Any, str]) -> dict[str, Callable[[Any], Any]]:
    """`read` and `write` of an option whose values have other names: from theirs to ours, preferred ones first."""
    back: dict[str, Any] = {}
    for theirs, ours in names.items():
        back.setdefault(ours, theirs)
    return {"read": names.__getitem__, "write": back.__getitem__}


ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "relu2": "squared_relu",
}
"""The names of activations, from theirs to ours."""
ACTIVATION = renamed(ACTIVATIONS)
"""`read` and `write` of these names."""


def read_options(found: Mapping[str, Any], options: Options, source: str) -> dict[str, Any]:
    """The choices of these options, as a nested dict.

    Raises:
        UserError: one is missing, or has a value that we do not have.
    """
    choices: dict[str, Any] = {}
    for option in options:
        asked = {name: found[name] for name in _names(option) if name in found}
        if isinstance(option, Option) and not asked and option.default is ...:
            raise UserError(f"{source} does not say {option.theirs}")
        try:
            for path, value in _read(option, found).items():
                merge(choices, path, value)
        except _REFUSALS as error:
            requested = ", ".join(f"{name}={value!r}" for name, value in asked.items())
            why = f": {error}" if isinstance(error, ValueError) else ""
            raise UserError(f"{source} asks for {requested}, which cutaway does not have{why}") from None
    return choices


def write_options(choices: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The options of these choices; those that cannot be expressed are left out, as reading them back shows."""
    written: dict[str, Any] = {}
    for option in options:
        try:
            more = _write(option, choices)
        except _REFUSALS:
            continue
        written = {**more, **written}
    return written


def require_known(
    found: Mapping[str, Any],
    options: Options,
    required: Mapping[str, Any],
    unread: Set[str],
    source: str,
) -> None:
    """Rejects options without a reader: those that are unknown, or do not have the one value that is implemented.

    Raises:
        UserError: there is such an option.
    """
    read = {name for option in options for name in _names(option)} | WITHOUT_EFFECT | unread
    for name, value in found.items():
        if name in required:
            if value != required[name] and not (value in NOTHING and required[name] in NOTHING):
                only = f"only {required[name]!r} is implemented"
                raise UserError(f"{source} asks for {name}={value!r}, and {only}")
        elif name not in read and not any(value is nothing or value == nothing for nothing in NOTHING):
            raise UserError(f"{source} asks for {name}={value!r}, which cutaway does not implement")


def merge(choices: dict[str, Any], path: str, value: Any) -> None:
    """Sets the value at a dotted path; a dict is merged with the existing one."""
    *parents, last = path.split(".")
    for parent in parents:
        choices = choices.setdefault(parent, {})
    if isinstance(value, Mapping) and isinstance(choices.get(last), dict):
        for key, one in value.items():
            merge(choices[last], key, one)
    else:
        choices[last] = dict(value) if isinstance(value, Mapping) else value


_REFUSALS = (KeyError, ValueError, TypeError, AttributeError)


def _names(option: Option | Joint) -> tuple[str, ...]:
    return option.theirs if isinstance(option, Joint) else (option.theirs,)


def _read(option: Option | Joint, found: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(option, Joint):
        return option.read(found)
    return {option.ours: option.read(found.get(option.theirs, option.default))}


def _write(option: Option | Joint, choices: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(option, Joint):
        return option.write(choices)
    return {option.theirs: option.write(_at(choices, option.ours))}


def _at(choices: Mapping[str, Any], path: str) -> Any:
    value: Any = choices
    for part in path.split("."):
        value = value[part]
    return value
