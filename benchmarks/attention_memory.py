"""How the memory of a forward pass grows with the length of the text, for every position scheme and mask.

    python benchmarks/attention_memory.py
    python benchmarks/attention_memory.py --tokens 2048 4096 8192 --only rotary

Each kind of model, small and of one layer, runs in a process of its own, on ever longer texts. The figures are the rise
of its peak resident memory, and the exponent p of memory ~ tokens^p between the two longest: 1 is linear, 2 would be a
mask, a bias or scores of all pairs.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LENGTHS = (8192, 16_384, 32_768)
BOUND = 1.1
RETURNED = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""Makes glibc return what is freed at once; otherwise the peak depends on how its heap happens to be cut up."""
LATENT = {"kind": "latent", "heads": 2, "head_width": 8, "latent_rank": 12, "rotary_width": 4}
POSITIONS = ("none", "sinusoidal", "learned", "rotary", "alibi", "relative")
KINDS: dict[str, dict[str, Any]] = {
    **{f"{scheme}, causal": {"position": scheme} for scheme in POSITIONS},
    **{f"{scheme}, padding": {"position": scheme, "mask": "padding"} for scheme in POSITIONS},
    **{f"{scheme}, encoder": {"position": scheme, "architecture": "encoder"} for scheme in POSITIONS},
    "rotary, window": {"position": "rotary", "attention": {"window": 300}},
    "rotary, documents": {"position": "rotary", "mask": "documents"},
    "rotary, after a cache": {"position": "rotary", "mask": "cache"},
    "rotary, softcap": {"position": "rotary", "attention": {"softcap": 5.0}},
    "rotary, latent": {"position": "rotary", "attention": LATENT},
    "rotary, latent with wide values": {"position": "rotary", "attention": {**LATENT, "value_width": 20}},
    "sinusoidal, encoder-decoder": {"position": "sinusoidal", "architecture": "encoder_decoder", "mask": "padding"},
}


def model_of(choices: dict[str, Any], context: int) -> Any:
    """A model of this kind for so many tokens."""
    from cutaway.config.model import ModelConfig
    from cutaway.model.build import build

    sizes = {"vocabulary": 17, "context": context, "width": 16, "layers": 1}
    own = {name: value for name, value in choices.items() if name != "mask"}
    attention = {"heads": 2, "kv_heads": 1, **choices.get("attention", {})}
    if attention.get("kind") == "latent":
        del attention["kv_heads"]
    return build(ModelConfig.model_validate({**sizes, **own, "attention": attention})).eval()


def forward(model: Any, mask: str | None, tokens: int) -> None:
    """One forward pass without logits, under this mask."""
    import torch

    ids, half, others = torch.ones(1, tokens, dtype=torch.long), tokens // 2, {}
    if mask == "padding":
        others["attention_mask"] = (torch.arange(tokens)[None] >= 100).long()
    if mask == "documents":
        others["documents"] = (torch.arange(tokens)[None] // 1000).long()
    if mask == "cache":
        others["cache"] = model.make_cache(1, tokens)
        model(ids[:, :half], cache=others["cache"], read=lambda head, hidden: None)
        ids = ids[:, half:]
    if hasattr(model, "encoder") and hasattr(model, "decoder"):
        others |= {"source": ids, "source_mask": others["attention_mask"]}
    model(ids, **others, read=lambda head, hidden: None)


def measure(name: str, lengths: list[int]) -> None:
    """Prints the rise of peak memory in bytes for each length, shortest first."""
    import torch

    def peak() -> int:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    model = model_of(KINDS[name], max(lengths))
    with torch.inference_mode():
        forward(model, KINDS[name].get("mask"), 600)  # loads what a first pass loads
        before, rises = peak(), []
        for tokens in lengths:
            forward(model, KINDS[name].get("mask"), tokens)
            rises.append(peak() - before)
    print(json.dumps(rises))


def main() -> None:
    """Prints a line for each kind; exits with status 1 if one grows faster than the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=LENGTHS, help="two lengths or more")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    lengths = sorted(given.tokens)
    if given.measure:
        measure(given.measure, lengths)
        return
    print(f"{'':34}" + "".join(f"{tokens:>10,}" for tokens in lengths) + "  exponent")
    worst = 0.0
    for name in (name for name in KINDS if given.only in name):
        command = [sys.executable, __file__, "--measure", name, "--tokens", *map(str, lengths)]
        done = subprocess.run(command, env=os.environ | RETURNED, capture_output=True, text=True, check=True)
        rises = json.loads(done.stdout)
        exponent = math.log(rises[-1] / rises[-2]) / math.log(lengths[-1] / lengths[-2])
        worst = max(worst, exponent)
        print(f"{name:34}" + "".join(f"{rise / 1e6:7,.0f} MB" for rise in rises) + f"{exponent:10.2f}", flush=True)
    print(f"the fastest growth is tokens^{worst:.2f}, and the bound {BOUND}")
    sys.exit(worst > BOUND)


if __name__ == "__main__":
    main()
