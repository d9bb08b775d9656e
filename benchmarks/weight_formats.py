"""How fast a token is decoded with every format of weights, relative to plain fp32.

    python benchmarks/weight_formats.py

The model has the shape of SmolLM2-135M and random weights. All formats take turns in one process with one thread: each
decodes a token after a text of 64, many times over. Printed are medians and quartiles of the ratio to plain fp32 in the
same turn, the speed of a text of 256 tokens likewise, and bytes per weight of the linear layers.
"""

import argparse
import json
import time
from collections.abc import Callable
from copy import deepcopy
from statistics import median, quantiles

import torch
from comparison import show

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.device import processor
from cutaway.model.formats import QUANTIZED, for_inference, format_of
from cutaway.model.transformer import DecoderOnly

SHAPE = {
    "vocabulary": 49152,
    "context": 2048,
    "width": 576,
    "layers": 30,
    "attention": {"kind": "grouped", "heads": 9, "kv_heads": 3},
    "feedforward": {"kind": "gated", "hidden": 1536},
    "norm": "rms",
    "position": "rotary",
}
FORMATS: dict[str, tuple[torch.dtype | None, str | None]] = {
    "fp32": (None, None),
    "fp32, chosen": (torch.float32, None),
    "bf16": (None, None),
    "bf16, chosen": (torch.bfloat16, None),
    **{
        f"{dtype}, {quantize}": (kind, quantize)
        for quantize in QUANTIZED
        for dtype, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16))
    },
}
"""By name: what `load` is asked for; the two without `chosen` are plain."""


def model_of(name: str, plain: DecoderOnly) -> DecoderOnly:
    """The model in a format."""
    model = deepcopy(plain)
    if name in ("fp32", "bf16"):
        return model.bfloat16() if name == "bf16" else model
    for_inference(model, *FORMATS[name])
    return model


def steps_of(model: DecoderOnly, prompt: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """What decodes one token after a text, and what reads a text."""
    cache = model.make_cache(1, 2048)
    model(torch.randint(49152, (1, 64)), cache=cache)
    token, text = torch.tensor([[5]]), torch.randint(49152, (1, prompt))

    def decode() -> None:
        model(token, cache=cache, read=lambda head, hidden: head(hidden.states[:, -1:]))
        cache.truncate(64)

    def read() -> None:
        model(text, read=lambda head, hidden: head(hidden.states[:, -1:]))

    return decode, read


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    plain = build(ModelConfig.model_validate(SHAPE)).eval()
    models = {name: model_of(name, plain) for name in FORMATS}
    calls = {name: steps_of(model, arguments.prompt) for name, model in models.items()}
    ratios: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in models}
    for part, repeats in ((0, arguments.repeats), (1, max(3, arguments.repeats // 8))):
        for turn in range(1 + repeats):
            taken = {name: seconds(call[part]) for name, call in calls.items()}
            for name, one in taken.items() if turn else ():  # the first warms up
                ratios[name][part].append(taken["fp32"] / one)
    rows = {}
    for name, (decoding, reading) in ratios.items():
        low, _, high = quantiles(decoding, n=4)
        rows[name] = {
            "decoding x": median(decoding),
            "quartile 1": low,
            "quartile 3": high,
            "reading x": median(reading),
        }
    show(rows, as_json=arguments.json)
    forms = {name: format_of(model) or "plain" for name, model in models.items()}
    print(json.dumps({"machine": processor(), "torch": torch.__version__, "linear layers": forms}, indent=2))


if __name__ == "__main__":
    main()
