"""Import times, each in a fresh process, taking turns: medians, and the time beyond torch's own import.

python benchmarks/import_time.py
"""

import argparse
import statistics
import subprocess
import sys
import time

from peers import describe_machine

STATEMENTS = {
    "an empty program": "pass",
    "import cutaway": "import cutaway",
    "import torch": "import torch",
    "model classes": "import torch; import cutaway.pipeline",
    "cutaway --help": "import sys; sys.argv = ['cutaway', '--help']; from cutaway.cli import main; main()",
}


def measure(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for turn in range(arguments.rounds + 1):
        for name, statement in STATEMENTS.items():
            seconds = measure(statement)
            if turn:  # the first round fills the disk's cache
                times[name].append(seconds)
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    empty = medians["an empty program"]
    print(describe_machine())
    for name, seconds in medians.items():
        print(f"{name:<18} {seconds:6.3f} s as a process, {seconds - empty:6.3f} s above an empty one")
    print(f"model classes above torch's own import: {medians['model classes'] - medians['import torch']:.3f} s")


if __name__ == "__main__":
    main()
