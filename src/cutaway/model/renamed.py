"""Names of weights in files of earlier versions, and what they are called now."""

from collections.abc import Container, Iterator

RENAMED = {
    "embed.weight": ("embed.tokens.weight", "embed.projection.weight"),
    "embed.bias": ("embed.projection.bias",),
    "embed.segments": ("embed.segments.weight",),
    "biases.weight": ("biases.table.weight",),
    "feedforward.router": ("feedforward.router.weight",),
    "head.weight": ("head.projection.weight",),
    "head.bias": ("head.projection.bias",),
}
"""From how a name ended in 0.1 to how it may end since; which of them a model has depends on what it reads."""
PREFIXES = {"ahead.": "multi_token_prediction."}
"""From how a name began in 0.1 to how it begins since."""


def current_name(name: str, known: Container[str]) -> str:
    """What a tensor of a file is called now: its own name if the model knows it, or if no other fits.

    An optimizer's tensors are named ``{weight}:{what}``.
    """
    if name in known:
        return name
    weight, colon, what = name.partition(":")
    return next((new + colon + what for new in _candidates(weight) if new + colon + what in known), name)


def former_names(name: str) -> list[str]:
    """What a weight was called in earlier versions."""
    pairs = [(old, new) for old, news in RENAMED.items() for new in news]
    former = [name.removesuffix(new) + old for old, new in pairs if f".{name}".endswith(f".{new}")]
    starts = [(old, new) for old, new in PREFIXES.items() if name.startswith(new)]
    return former + [old + one.removeprefix(new) for old, new in starts for one in (name, *former)]


def _candidates(weight: str) -> Iterator[str]:
    for old, new in PREFIXES.items():
        if weight.startswith(old):
            weight = new + weight.removeprefix(old)
            yield weight
    for old, news in RENAMED.items():
        if f".{weight}".endswith(f".{old}"):
            yield from (weight.removesuffix(old) + new for new in news)
