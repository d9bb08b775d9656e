"""The memory of a forward pass is linear in the length of the text, whatever limits or biases attention."""

import json
import math
import os
import subprocess
import sys

import pytest

from support import ROOT, require_path

SHORT, LONG = 4096, 16_384
BOUND = 1.2
"""Of the exponent: memory is counted in pages; the exponent of the scores of all pairs would be near 2."""


@pytest.mark.heavy
@pytest.mark.parametrize(
    "kind",
    [
        "relative, padding",
        "alibi, encoder",
        "rotary, window",
        "rotary, documents",
        "rotary, after a cache",
        "rotary, softcap",
        "rotary, latent with wide values",
        "sinusoidal, encoder-decoder",
    ],
)
def test_memory_is_linear_in_the_length(kind: str) -> None:
    require_path("/proc/self/status")
    script = ROOT / "benchmarks" / "attention_memory.py"
    done = subprocess.run(
        [sys.executable, script, "--measure", kind, "--tokens", str(SHORT), str(LONG)],
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},  # what is freed is returned, and the peak is exact
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    less, more = json.loads(done.stdout)
    assert less > 0
    assert math.log(more / less) / math.log(LONG / SHORT) <= BOUND
