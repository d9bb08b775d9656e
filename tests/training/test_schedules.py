"""The learning rate over a run: up in a straight line, then down to its floor and never beyond either."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.schedule import ConstantConfig, CosineConfig, LinearConfig, ScheduleConfig, StableConfig
from cutaway.errors import UserError
from cutaway.training.schedules import rate

warmups = st.integers(0, 60)
floors = st.floats(0, 1)
schedules = st.one_of(
    st.builds(ConstantConfig, warmup=warmups),
    st.builds(CosineConfig, warmup=warmups, floor=floors),
    st.builds(LinearConfig, warmup=warmups, floor=floors),
    st.builds(StableConfig, warmup=warmups, floor=floors, decay=st.floats(0.01, 1)),
)


@given(schedules, st.integers(1, 200))
def test_it_rises_to_the_peak_and_never_rises_again(schedule: ScheduleConfig, steps: int) -> None:
    shares = [rate(schedule, step, steps) for step in range(steps)]
    warm, rest = shares[: schedule.warmup], shares[schedule.warmup :]
    assert all(0 < earlier < later < 1 for earlier, later in pairwise(warm))
    assert all(0 <= share <= 1 for share in shares)
    assert rest[:1] in ([], [1.0])
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(rest))


@given(st.integers(1, 60), st.integers(0, 200))
def test_warm_up_takes_even_steps_and_the_last_leads_to_the_peak(warmup: int, more: int) -> None:
    shares = [0.0, *(rate(CosineConfig(warmup=warmup), step, warmup + 1 + more) for step in range(warmup + 1))]
    rises = [later - earlier for earlier, later in pairwise(shares)]
    assert shares[-1] == 1
    assert rises == pytest.approx([1 / (warmup + 1)] * (warmup + 1))


@given(st.sampled_from([CosineConfig, LinearConfig, StableConfig]), warmups, floors, st.integers(1, 200))
def test_it_would_reach_the_floor_with_the_next_step(kind: type, warmup: int, floor: float, more: int) -> None:
    steps = warmup + more
    assert rate(kind(warmup=warmup, floor=floor), steps, steps) == pytest.approx(floor)
    assert rate(kind(warmup=warmup, floor=floor), steps - 1, steps) >= floor


def test_the_shapes_differ_as_their_names_say() -> None:
    halfway, three_quarters = (
        [rate(kind(warmup=10, floor=0.2), step, 110) for kind in (CosineConfig, LinearConfig)] for step in (60, 85)
    )
    assert halfway == pytest.approx([0.6, 0.6])
    assert three_quarters == pytest.approx([0.2 + 0.8 * (1 - 2**-0.5) / 2, 0.4])


@pytest.mark.parametrize("decay", [0.1, 0.25, 1.0])
def test_stable_stays_at_the_peak_until_its_decay(decay: float) -> None:
    schedule, steps = StableConfig(warmup=7, decay=decay, floor=0.3), 207
    falls = 207 - round(200 * decay)
    assert [rate(schedule, step, steps) for step in range(7, falls + 1)] == pytest.approx([1.0] * (falls - 6))
    assert rate(schedule, falls + 1, steps) < 1 - 1e-6
    assert rate(schedule, steps - round(100 * decay), steps) == pytest.approx(0.65)


@given(st.sampled_from([CosineConfig, LinearConfig, StableConfig, ConstantConfig]), st.integers(1, 300))
def test_a_share_of_the_steps_is_as_many_steps(kind: type, steps: int) -> None:
    share, same = kind(warmup=0.1), kind(warmup=round(0.1 * steps))
    assert [rate(share, step, steps) for step in range(steps)] == [rate(same, step, steps) for step in range(steps)]


@pytest.mark.parametrize("warmup", [1.5, -0.1, float("nan")])
def test_what_is_neither_steps_nor_a_share(warmup: float) -> None:
    with pytest.raises(UserError):
        CosineConfig(warmup=warmup)
