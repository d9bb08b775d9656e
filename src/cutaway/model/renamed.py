"""Names of weights in files of earlier versions."""

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
"""From the ending of a name in 0.1 to its endings since; which one a model has depends on its inputs."""
PREFIXES = {"ahead.": "multi_token_prediction."}
"""From the beginning of a name in 0.1 to its beginning since."""


def current_name(name: str, known: Container[str]) -> str:
    """The current name of a tensor in a file: its own if the model has it, or if no other fits.

    An optimizer's tensors are named ``{weight}:{what}``.
    """
    if name in known:
        return name
    weight, colon, what = name.partition(":")
    return next((new + colon + what for new in _candidates(weight) if new + colon + what in known), name)


def former_names(name: str) -> list[str]:
    """The names of a weight in earlier versions."""
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
