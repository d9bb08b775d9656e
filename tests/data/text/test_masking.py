"""Hidden tokens: as many as wanted, hidden as wanted, never a special one, and the same whenever they are asked for."""

import numpy as np
import pytest

from cutaway.data.text.masking import Masked, Masking
from cutaway.data.text.shards import TokenStream
from cutaway.data.text.windows import RandomWindows, SequentialWindows
from cutaway.nn.losses import IGNORED

MASK, ORDINARY, TOKENS = 4, range(5, 50), 53
HIDING = Masking(MASK, ORDINARY, share=0.15, masked=0.8, random=0.12)
CONTEXT, BATCH = 7, 3


def text(count: int, lowest: int = 0) -> np.ndarray:
    return np.random.default_rng(1).integers(lowest, TOKENS, size=count)


def stream(count: int = 40) -> TokenStream:
    return TokenStream([text(count).astype(np.uint16)])


def hidden(hiding: Masking = HIDING) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Many tokens, what is shown of them, and the targets."""
    tokens = text(300_000).reshape(300, 1000)
    return tokens, *hiding.hide(tokens, np.random.default_rng(2))


def share(of: np.ndarray) -> float:
    return float(np.mean(of))


def test_shares_are_kept() -> None:
    tokens, shown, targets = hidden()
    ordinary = (tokens >= ORDINARY.start) & (tokens < ORDINARY.stop)
    chosen = targets != IGNORED
    assert share(chosen[ordinary]) == pytest.approx(0.15, abs=0.01)
    assert share(shown[chosen] == MASK) == pytest.approx(0.8, abs=0.015)
    others = chosen & (shown != MASK) & (shown != tokens)
    assert share(others[chosen]) == pytest.approx(0.12 * (1 - 1 / len(ORDINARY)), abs=0.015)
    assert set(shown[others]) == set(ORDINARY), "any ordinary token may stand for another"


@pytest.mark.parametrize(("masked", "random"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_shares_may_be_all_or_nothing(masked: float, random: float) -> None:
    tokens, shown, targets = hidden(Masking(MASK, ORDINARY, 0.5, masked, random))
    chosen = targets != IGNORED
    assert (shown[chosen] == MASK).all() == bool(masked)
    assert share(shown[chosen] == tokens[chosen]) == pytest.approx(1 - masked - random, abs=0.05)


def test_special_tokens_are_never_chosen() -> None:
    tokens, shown, targets = hidden(Masking(MASK, ORDINARY, 0.99, 0.8, 0.1))
    special = (tokens < ORDINARY.start) | (tokens >= ORDINARY.stop)
    assert set(tokens[special]) == {0, 1, 2, 3, 4, 50, 51, 52}
    assert (targets[special] == IGNORED).all()
    assert (shown[special] == tokens[special]).all()


def test_targets_are_what_was_there_and_the_rest_stays() -> None:
    tokens, shown, targets = hidden()
    chosen = targets != IGNORED
    assert (targets[chosen] == tokens[chosen]).all()
    assert (shown[~chosen] == tokens[~chosen]).all()


def test_batches_are_the_same_whenever_they_are_asked_for() -> None:
    def batches(seed: int) -> Masked:
        return Masked(RandomWindows(stream(), CONTEXT, 50, seed=9), HIDING, seed)

    one, same, other = batches(3), batches(3), batches(4)
    for i in (5, 2, 5):
        for a, b in zip(one[i], same[i], strict=True):
            np.testing.assert_array_equal(a, b)
    assert (one[5][1] != other[5][1]).any()
    assert ((one[5][1] == IGNORED) != (one[2][1] == IGNORED)).any()


@pytest.mark.parametrize("count", [40, 1 + 2 * CONTEXT * BATCH, 3])
def test_padding_is_no_text_and_never_a_target(count: int) -> None:
    windows = SequentialWindows(stream(count), CONTEXT, BATCH)
    batches = Masked(windows, Masking(MASK, range(TOKENS), 0.99, 0.0, 0.0), seed=0)  # padding looks like text here
    assert len(batches) == len(windows)
    real = 0
    for i in range(len(batches)):
        inputs, targets, keep = batches[i]
        np.testing.assert_array_equal(inputs, windows[i][0])
        assert (targets[~keep] == IGNORED).all()
        real += int(keep.sum())
    assert real == count - 1


def test_what_has_no_end_has_no_length() -> None:
    with pytest.raises(TypeError):
        len(Masked(RandomWindows(stream(), CONTEXT, BATCH, seed=0), HIDING, 0))


def test_the_frame_is_around_the_text_of_each_window_and_never_hidden() -> None:
    before, after = [0, 1], [2]
    windows = SequentialWindows(stream(), CONTEXT, BATCH)
    plain, framed = Masked(windows, HIDING, 0), Masked(windows, HIDING, 0, (before, after))
    lengths = set()
    for number in range(len(windows)):
        rows = zip(*framed[number], *plain[number], strict=True)
        for inputs, hidden, keep, bare, targets, shown in rows:
            length = int(shown.sum())
            lengths.add(length)
            assert inputs[keep].tolist() == [*before, *bare[:length], *after]
            assert hidden.tolist() == [IGNORED] * 2 + targets[:length].tolist() + [IGNORED] * (len(hidden) - 2 - length)
            assert keep[: length + 3].all()
            assert keep.sum() == length + 3
    assert len(lengths) > 1, "no window is padded"
