"""Cache size per token of a model with a preset's sizes, by kind of attention, at two bytes per number.

    python benchmarks/latent_cache.py
    python benchmarks/latent_cache.py --preset llama-nano --json

No formula is used: for each kind, a model is built on the meta device in bfloat16, and its cache reports its size.
"""

import argparse
import json

import torch
from rich.console import Console
from rich.table import Table

from cutaway.config import load_preset
from cutaway.runs.caches import cache_by_attention, name_of

ANY_VOCABULARY = 2  # a cache does not know it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="deepseek-v3", help="whose shape (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    config = load_preset(arguments.preset).model.model_copy(update={"vocabulary": ANY_VOCABULARY})
    own, taken = name_of(config.attention), cache_by_attention(config, torch.bfloat16)
    if arguments.json:
        print(json.dumps({"preset": arguments.preset, "attention": own, "bytes_per_token": taken}, indent=2))
        return
    table = Table("attention", "bytes per token", f"times {own}'s")
    for name, nbytes in taken.items():
        table.add_row(name, f"{nbytes:,}", f"{nbytes / taken[own]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
