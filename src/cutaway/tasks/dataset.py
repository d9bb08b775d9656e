"""Choices of a run that its data determines."""

from cutaway.config.head import SequenceHeadConfig, TokenHeadConfig
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import OriginTokenizer
from cutaway.errors import UserError
from cutaway.tasks.task import Tokenizers
from cutaway.text.tokenizer import Tokenizer


def with_vocabulary(config: RunConfig, tokenizers: Tokenizers) -> RunConfig:
    """Fills in the model's vocabulary sizes: those of the tokenizers, unless larger ones were chosen.

    Raises:
        UserError: a tokenizer has more tokens than the chosen size.
    """
    own = None if shares_vocabulary(config) else tokenizers.source_tokenizer
    of_key = {"vocabulary": tokenizers.tokenizer, "source_vocabulary": own}
    return with_model(config, **{key: _vocabulary(one, config, key) for key, one in of_key.items()})


def shares_vocabulary(config: RunConfig) -> bool:
    """Whether the sides of a fine-tuned model have tokenizers of their own over one list of ids, as in Marian."""
    return isinstance(config.source_tokenizer, OriginTokenizer) and config.model.source_vocabulary is None


def _vocabulary(tokenizer: Tokenizer | None, config: RunConfig, key: str) -> int | None:
    chosen: int | None = getattr(config.model, key)
    if tokenizer is None and chosen is not None:
        raise UserError(f"model.{key} is {chosen}, but there is no {key.replace('vocabulary', 'tokenizer')}: remove it")
    if tokenizer is None:
        return None
    if chosen is not None and chosen < tokenizer.vocabulary:
        raise UserError(
            f"the tokenizer has {tokenizer.vocabulary} tokens, but model.{key} is {chosen}: choose a text with fewer "
            f"different tokens, or set model.{key}=none"
        )
    return chosen or tokenizer.vocabulary


def with_labels(config: RunConfig, labels: int) -> RunConfig:
    """Fills in the number of labels of the head.

    Raises:
        UserError: the head has no labels, or another number was chosen.
    """
    head = config.model.head
    if not isinstance(head, SequenceHeadConfig | TokenHeadConfig):
        raise UserError(f"a {head.kind} head has no labels: write model.head=sequence or model.head=token")
    if head.labels not in (None, labels):
        raise UserError(f"the data has {labels} labels, but model.head.labels is {head.labels}: set it to none")
    return with_model(config, head=head.model_copy(update={"labels": labels}))


def with_task(config: RunConfig, **choices: object) -> RunConfig:
    """Changes choices of the task."""
    return config.model_copy(update={"task": config.task.model_copy(update=choices)})


def with_model(config: RunConfig, **choices: object) -> RunConfig:
    """Changes choices of the model."""
    return config.model_copy(update={"model": config.model.model_copy(update=choices)})
