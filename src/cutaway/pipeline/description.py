"""A pipeline in a few words: what it was trained for, its size, and how its weights are stored."""

from cutaway.config.run import RunConfig
from cutaway.display import count
from cutaway.model.formats import count_weights, format_of
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer


def facts(model: Transformer, config: RunConfig, tokenizer: Tokenizer | None) -> dict[str, str]:
    """What a pipeline shows of itself, by name."""
    weights = list(model.parameters())
    dtypes = sorted({str(weight.dtype).removeprefix("torch.") for weight in weights})
    form = format_of(model)
    formats = " and ".join(dtypes) if form is None else f"{form} and {' and '.join(dtypes)}"
    tokens = {} if tokenizer is None else {"tokens": f"{len(tokenizer):,} tokens"}
    return {
        "task": config.task.kind,
        "architecture": config.model.architecture.replace("_", "-"),
        "parameters": f"{count(count_weights(model))} parameters",
        **tokens,
        "weights": f"{formats} on {weights[0].device}",
        "methods": f"can {', '.join(config.task.verbs) or 'predict'}",
    }
