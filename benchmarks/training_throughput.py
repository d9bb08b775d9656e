"""Training tokens per second of cutaway, nanoGPT, transformers and x-transformers.

    python benchmarks/training_throughput.py --nanogpt DIR

All have the same sizes: 6 layers, width 384, 6 heads, feed-forward 1536, context 256, 65 tokens, a tied head, no
dropout; batches of 8; torch's fused AdamW. Each runs in its own process, as in normal use; cutaway's keeps freed
memory, as `cutaway train` does. They take turns in a new order each round, so that other load on the machine affects
all alike; those that wait are idle. Libraries that are not installed are skipped and named.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from peers import describe_machine, load_nanogpt
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from turns import Seat, take_turns

import cutaway
from cutaway.config import load_preset, override
from cutaway.model.device import autocast, choose_device, choose_precision, keep_freed_memory

LAYERS, WIDTH, HEADS, CONTEXT, VOCABULARY, BATCH = 6, 384, 6, 256, 65, 8
DEVICE = choose_device("cpu")
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass
class Contestant:
    """A model with the way to its loss."""

    name: str
    model: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, fused=True)

    def train(self, steps: int, dtype: torch.dtype) -> float:
        """Makes steps on random batches; returns tokens per second."""
        batches = [random_batch() for _ in range(steps)]
        start = time.perf_counter()
        for tokens, targets in batches:
            with autocast(DEVICE, dtype):
                loss = self.loss(tokens, targets)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        return sum(tokens.numel() for tokens, _ in batches) / (time.perf_counter() - start)


def cutaway_model() -> Contestant:
    unlike_the_preset = [f"model.vocabulary={VOCABULARY}", "model.dropout=0", "model.attention.dropout=0"]
    keep_freed_memory()
    model = cutaway.build(override(load_preset("gpt-micro"), unlike_the_preset).model)
    return Contestant("cutaway", model, lambda tokens, targets: cross_entropy(model(tokens), targets))


def nanogpt_model(folder: Path) -> Contestant:
    module = load_nanogpt(folder)
    config = module.GPTConfig(
        block_size=CONTEXT, vocab_size=VOCABULARY, n_layer=LAYERS, n_head=HEADS, n_embd=WIDTH, dropout=0.0, bias=False
    )
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its size
        model = module.GPT(config)
    return Contestant("nanoGPT", model, lambda tokens, targets: model(tokens, targets)[1])


def transformers_model() -> Contestant:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        activation_function="gelu",  # the exact one, as everybody's here: "gelu_new" is slower
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="sdpa",
    )
    model = GPT2LMHeadModel(config)
    return Contestant("transformers", model, lambda tokens, targets: cross_entropy(model(tokens).logits, targets))


def x_transformers_model() -> Contestant:
    from x_transformers import Decoder, TransformerWrapper

    layers = Decoder(dim=WIDTH, depth=LAYERS, heads=HEADS, attn_dim_head=WIDTH // HEADS, attn_flash=True)
    model = TransformerWrapper(num_tokens=VOCABULARY, max_seq_len=CONTEXT, attn_layers=layers, tie_embedding=True)
    return Contestant("x-transformers", model, lambda tokens, targets: cross_entropy(model(tokens), targets))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def contestants(nanogpt: Path | None) -> list[Seat]:
    """Everybody who is there; who is not is named."""
    present = [Seat(cutaway_model)]
    if nanogpt:
        present.append(Seat(partial(nanogpt_model, nanogpt)))
    else:
        print("left out: nanoGPT (name a checkout with --nanogpt DIR)", file=sys.stderr)
    for package, make in (("transformers", transformers_model), ("x_transformers", x_transformers_model)):
        if importlib.util.find_spec(package):
            present.append(Seat(make))
        else:
            print(f"left out: {package} (not installed)", file=sys.stderr)
    return present


def random_batch() -> tuple[Tensor, Tensor]:
    text = torch.randint(VOCABULARY, (BATCH, CONTEXT + 1))
    return text[:, :-1].contiguous(), text[:, 1:].contiguous()


def summary(everybody: list[Seat]) -> dict[str, object]:
    """Medians, and cutaway's median over that of the best peer."""
    medians = {contestant.name: statistics.median(contestant.rates) for contestant in everybody}
    peers = {name: rate for name, rate in medians.items() if name != "cutaway"}
    best = max(peers, key=peers.__getitem__, default=None)
    ratio = medians["cutaway"] / peers[best] if best else None
    return {"tokens_per_second": medians, "best_peer": best, "ratio": ratio}


def show(results: dict[str, dict[str, object]], everybody: list[Seat]) -> None:
    table = Table("tokens/s (median)", "parameters", *results)
    for contestant in everybody:
        rates = [f"{result['tokens_per_second'][contestant.name]:,.0f}" for result in results.values()]
        table.add_row(contestant.name, f"{contestant.parameters:,}", *rates)
    ratios = [
        f"{result['ratio']:.2f} x {result['best_peer']}" if result["best_peer"] else "" for result in results.values()
    ]
    table.add_section()
    table.add_row("cutaway / best peer", "", *ratios)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nanogpt", type=Path, metavar="DIR", help="a checkout of nanoGPT")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contestant (default: 9)")
    parser.add_argument("--steps", type=int, default=4, help="training steps a turn (default: 4)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()

    random.seed(0)
    everybody = contestants(arguments.nanogpt)
    results = {}
    for name, dtype in PRECISIONS.items():
        if dtype in (torch.float32, choose_precision("auto", DEVICE)):
            take_turns(everybody, arguments.rounds, arguments.steps, dtype)
            results[name] = summary(everybody)
        else:
            print(f"left out: {name} (this processor does not multiply it)", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"machine": describe_machine(), **results}, indent=2))
    else:
        print(describe_machine())
        show(results, everybody)


if __name__ == "__main__":
    main()
