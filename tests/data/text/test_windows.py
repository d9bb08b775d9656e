"""Windows: the right targets, each once, whatever the batch size."""

import numpy as np
import pytest

from cutaway.data.text.shards import TokenStream
from cutaway.data.text.windows import RandomWindows, SequentialWindows
from cutaway.errors import UserError
from cutaway.nn.losses import IGNORED


def stream(length: int) -> TokenStream:
    return TokenStream([np.arange(length, dtype=np.uint16)])


def test_random_targets_follow_their_inputs() -> None:
    inputs, targets = RandomWindows(stream(101), context=7, batch_size=5, seed=3)[11]
    assert inputs.shape == targets.shape == (5, 7)
    assert (targets == inputs + 1).all()


def test_a_random_batch_depends_on_seed_and_number_alone() -> None:
    first, again, other = (RandomWindows(stream(101), 7, 5, seed) for seed in (3, 3, 4))
    assert (first[2][0] == again[2][0]).all()
    assert (first[2][0] != first[1][0]).any()
    assert (first[2][0] != other[2][0]).any()


def test_random_windows_reach_both_ends() -> None:
    windows = RandomWindows(stream(9), context=7, batch_size=64, seed=0)
    inputs, targets = windows[0]
    assert inputs.min() == 0
    assert targets.max() == 8


@pytest.mark.parametrize("length", [2, 8, 71, 72, 73, 106])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_every_token_but_the_first_is_a_target_once(length: int, batch_size: int) -> None:
    windows = SequentialWindows(stream(length), context=7, batch_size=batch_size)
    batches = [windows[i] for i in range(len(windows))]
    targets = np.concatenate([targets.ravel() for _, targets in batches])
    assert sorted(targets[targets != IGNORED]) == list(range(1, length))
    for inputs, targets in batches:
        counted = targets != IGNORED
        assert (targets[counted] == inputs[counted] + 1).all()
        assert len(inputs) <= batch_size


def test_a_text_shorter_than_the_context_is_named() -> None:
    with pytest.raises(UserError, match=r"7 tokens.*context of 7 needs 8"):
        RandomWindows(stream(7), context=7, batch_size=1, seed=0)
    with pytest.raises(UserError, match="two are needed"):
        SequentialWindows(stream(1), context=7, batch_size=1)
