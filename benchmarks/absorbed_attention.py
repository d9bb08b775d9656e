"""How near absorbed latent attention comes to the limit of the machine, at one token and many cached ones.

    python benchmarks/absorbed_attention.py
    python benchmarks/absorbed_attention.py --tokens 8192 --dtype bf16

The attention of a layer of DeepSeek-V3 (128 heads of width 128, latents of 512, rotary keys of 64) and multi-head
attention with the same heads attend from one token, in turn; linear layers before and after it are left out. Two rows
show what was slower: the fused kernel, and the fused kernel after joining caches of latents and of rotary keys. The
limit is the larger of two times: of reading the cache at the bandwidth of a copy, and of the two products at the speed
of plain products of these shapes, all measured in the same run. The last line applies the same arithmetic to a GPU, by
its data sheet.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median, quantiles

import torch
from comparison import show
from torch import Tensor

from cutaway.model.device import processor
from cutaway.nn.dot_product import Scoring, attend, fold, unfolded

HEADS, WIDTH, ROTARY, RANK = 128, 128, 64, 512
SCORING = Scoring((WIDTH + ROTARY) ** -0.5)
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
GPU = "H800 SXM", 3.35e12, 989e12
"""Bytes and bf16 operations per second."""


def milliseconds(calls: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, list[float]]:
    """The time of each call in each round; calls take turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(1 + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:  # the first warms up
                taken[name].append(1e3 * (time.perf_counter() - start))
    return taken


def costs(tokens: int, size: int) -> dict[str, tuple[float, float]]:
    """Bytes read and operations of one token, of both kinds of attention."""
    return {
        "absorbed": (size * tokens * (RANK + ROTARY), 2 * HEADS * tokens * (2 * RANK + ROTARY)),
        "multi-head": (size * tokens * HEADS * 2 * WIDTH, 2 * HEADS * tokens * 2 * WIDTH),
    }


@torch.inference_mode()
def measure(tokens: int, dtype: torch.dtype, rounds: int) -> dict[str, dict[str, float]]:
    """The rows of one dtype."""
    memory = torch.randn(1, 1, tokens, RANK + ROTARY).to(dtype)
    queries, weights = torch.randn(1, HEADS, 1, RANK + ROTARY).to(dtype), torch.rand(HEADS, tokens).to(dtype)
    keys, values = (torch.randn(1, HEADS, tokens, WIDTH).to(dtype) for _ in range(2))
    query = torch.randn(1, HEADS, 1, WIDTH).to(dtype)
    flat, copied = memory[0, 0], torch.empty_like(keys)
    latents, rotary = (part.contiguous() for part in memory.split([RANK, ROTARY], dim=-1))

    def kernel(memory: Tensor) -> Tensor:
        return unfolded(fold(queries, 1, HEADS), memory, memory, None, SCORING, 0.0)

    taken = milliseconds(
        {
            "absorbed": lambda: attend(queries, memory, memory, scoring=SCORING),
            "fused kernel": lambda: kernel(memory),
            "two caches": lambda: kernel(torch.cat([latents, rotary], dim=-1)),
            "multi-head": lambda: attend(query, keys, values, scoring=SCORING),
            "scores": lambda: queries[0, :, 0] @ flat.T,
            "sums": lambda: weights @ flat[:, :RANK],
            "copy": lambda: copied.copy_(keys),
        },
        rounds,
    )
    bandwidth = 2 * keys.nbytes / median(taken["copy"]) * 1e3
    size = memory.element_size()
    limits = {name: 1e3 * read / bandwidth for name, (read, _) in costs(tokens, size).items()}
    limits["absorbed"] = max(limits["absorbed"], median(taken["scores"]) + median(taken["sums"]))
    rows = {}
    for name in ("absorbed", "fused kernel", "two caches", "multi-head"):
        limit = limits.get(name, limits["absorbed"])
        low, _, high = quantiles(taken[name], n=4)
        rows[name] = {
            "ms": median(taken[name]),
            "quartile 1": low,
            "quartile 3": high,
            "limit": limit,
            "share of limit": limit / median(taken[name]),
            "times faster": median(taken["multi-head"]) / median(taken[name]),
        }
    return rows


def on_gpu(tokens: int) -> str:
    """The times of the same token on a GPU at its limits."""
    name, bandwidth, peak = GPU
    limits = {kind: max(read / bandwidth, work / peak) * 1e6 for kind, (read, work) in costs(tokens, 2).items()}
    ratio = limits["multi-head"] / limits["absorbed"]
    listed = ", ".join(f"{kind} {limit:,.1f} µs" for kind, limit in limits.items())
    return f"{name} at its limits, bf16: {listed}, {ratio:.1f} times faster"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=32_768, help="in the cache")
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, help="by default, torch's choice")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    rows = {
        f"{name}, {kind}": row
        for name in given.dtype
        for kind, row in measure(given.tokens, DTYPES[name], given.rounds).items()
    }
    show(rows, as_json=given.json)
    print(on_gpu(given.tokens))
    print(json.dumps({"machine": processor(), "torch": torch.__version__, "threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
