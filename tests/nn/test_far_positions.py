"""Position schemes are the equations of their papers, far beyond the lengths of training too."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from cutaway.nn.frequencies import Scaling, dynamic, frequencies, linear, llama3, longrope, unscaled, yarn
from cutaway.nn.positions import (
    ALiBi,
    Learned,
    LearnedGrid,
    RelativeBias,
    Rotary,
    ShortestPathBias,
    Sinusoidal,
    rotate,
)
from nn import papers

FAR = [0, 1, 62, 63, 64, 65, 511, 2047, 2048, 8191, 8192, 8193, 20_000]
POSITIONS = torch.tensor([FAR])
CPU = torch.device("cpu")
ROUNDING = 2.0**-23
"""Two roundings of fp32, relative to an angle: that of the frequency and that of the product."""

WIDTH, BASE, CONTEXT = 96, 500_000.0, 8192
SCALINGS: dict[str, tuple[Scaling, Callable[[list[float]], list[float]]]] = {
    "none": (unscaled, lambda angles: angles),
    "linear": (linear(6.0), lambda angles: [angle / 6 for angle in angles]),
    "llama3": (
        llama3(8.0, 1.0, 4.0, CONTEXT),
        lambda angles: [papers.llama3(angle, 8.0, 1.0, 4.0, CONTEXT) for angle in angles],
    ),
    "yarn": (
        yarn(40.0, 1.0, 32.0, BASE, CONTEXT),
        lambda angles: papers.yarn(angles, 40.0, 1.0, 32.0, BASE, CONTEXT),
    ),
}


@pytest.mark.parametrize("kind", SCALINGS)
def test_frequencies_are_those_of_the_papers(kind: str) -> None:
    scaling, formula = SCALINGS[kind]
    expected = formula(papers.frequencies(WIDTH, BASE))
    assert kind == "none" or expected != papers.frequencies(WIDTH, BASE)
    np.testing.assert_allclose(papers.exact(scaling(frequencies(WIDTH, BASE, CPU), POSITIONS)), expected, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 1000])
def test_frequencies_that_depend_on_the_length(length: int) -> None:
    positions = torch.stack(
        [torch.arange(length), torch.zeros(length, dtype=torch.long)]
    )  # the second text has 1 token
    given = papers.frequencies(WIDTH, BASE)
    short, long = [1 + 0.1 * i for i in range(WIDTH // 2)], [2 + 0.3 * i for i in range(WIDTH // 2)]
    found = dynamic(3.0, BASE, 100)(frequencies(WIDTH, BASE, CPU), positions)
    expected = [papers.dynamic_ntk(WIDTH, BASE, 3.0, 100, count) for count in (length, 1)]
    np.testing.assert_allclose(papers.exact(found)[:, 0, 0], expected, rtol=1e-5)
    found = longrope(short, long, 100)(frequencies(WIDTH, BASE, CPU), positions)
    divisors = [long if count > 100 else short for count in (length, 1)]
    expected = [[angle / each for angle, each in zip(given, one, strict=True)] for one in divisors]
    np.testing.assert_allclose(papers.exact(found)[:, 0, 0], expected, rtol=1e-5)


def test_only_the_first_channels_are_rotated() -> None:
    x = torch.randn(1, 2, len(FAR), WIDTH + 6, dtype=torch.float64)
    found = papers.exact(rotate(x, Rotary(WIDTH, base=BASE)(POSITIONS)))
    assert np.array_equal(found[..., WIDTH:], papers.exact(x[..., WIDTH:]))
    for h in range(2):
        expected = papers.rotated(papers.exact(x[0, h, :, :WIDTH]), FAR, papers.frequencies(WIDTH, BASE))
        errors = np.abs(found[0, h, :, :WIDTH] - expected).max(axis=1)
        assert (errors < 8 * ROUNDING * (np.array(FAR) + 4)).all()


@pytest.mark.parametrize("layout", ["pairs", "halves"])
@pytest.mark.parametrize("width", [48, 35])
def test_waves_are_those_of_the_paper(width: int, layout: str) -> None:
    table = papers.exact(Sinusoidal(width, layout=layout)(POSITIONS)[0])
    channels = list(range(width)) if layout == "pairs" else [*range(0, width, 2), *range(1, width, 2)]
    for position, row in zip(FAR, table, strict=True):
        expected = [papers.sinusoid(position, channel, width, 10_000.0) for channel in channels]
        np.testing.assert_allclose(row, expected, atol=ROUNDING * (position + 4))


@pytest.mark.parametrize("offset", [0, 2])
@pytest.mark.parametrize("width", [48, 35])
def test_inclusive_waves_are_those_of_tensor2tensor(width: int, offset: int) -> None:
    scheme = Sinusoidal(width, layout="halves", inclusive=True, offset=offset)
    for position, row in zip(FAR, papers.exact(scheme(POSITIONS)[0]), strict=True):
        shifted = position + offset
        expected = [papers.inclusive_sinusoid(shifted, channel, width, 10_000.0) for channel in range(width)]
        np.testing.assert_allclose(row, expected, atol=ROUNDING * (shifted + 4))


@pytest.mark.parametrize("kind", SCALINGS)
def test_rotations_are_those_of_the_paper(kind: str) -> None:
    scaling, formula = SCALINGS[kind]
    x = torch.randn(1, 2, len(FAR), WIDTH, dtype=torch.float64)
    found = rotate(x, Rotary(WIDTH, base=BASE, scaling=scaling, magnitude=1.3)(POSITIONS))
    angles = formula(papers.frequencies(WIDTH, BASE))
    for h in range(2):
        expected = 1.3 * papers.rotated(papers.exact(x[0, h]), FAR, angles)
        errors = np.abs(papers.exact(found[0, h]) - expected).max(axis=1)
        assert (errors < 8 * ROUNDING * (np.array(FAR) + 4)).all()


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 12, 20, 32])
def test_slopes_are_those_of_the_paper(heads: int) -> None:
    found = papers.exact(ALiBi(heads)(POSITIONS, POSITIONS)[0])
    for h, slope in enumerate(papers.alibi_slopes(heads)):
        expected = [[-slope * abs(i - j) for j in FAR] for i in FAR]
        np.testing.assert_allclose(found[h], expected, rtol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("buckets", "distance"), [(32, 128), (48, 999), (8, 11)])
def test_buckets_are_those_of_the_paper(buckets: int, distance: int, bidirectional: bool) -> None:
    scheme = RelativeBias(3, buckets=buckets, distance=distance, bidirectional=bidirectional)
    torch.nn.init.normal_(scheme.table.weight)
    keys = [*range(300), 700, 1300, 5000]
    found = scheme(torch.tensor([[0, 150, 5000]]), torch.tensor([keys]))[0]
    for i, query in enumerate((0, 150, 5000)):
        wanted = [papers.t5_bucket(query - key, buckets, distance, bidirectional) for key in keys]
        assert torch.equal(found[:, i], scheme.table.weight[wanted].T)


def test_paths_have_the_bias_of_their_length() -> None:
    scheme = ShortestPathBias(3, 20)
    torch.nn.init.normal_(scheme.table.weight)
    distances = torch.randint(-1, 21, (2, 40, 40))
    distances[0, 3, 5] = distances[1, 17, 30] = -1
    queries, keys = torch.tensor([[3, 39], [0, 17]]), torch.tensor([[38, 5, 0], [1, 2, 30]])
    found = scheme.of(distances)(queries, keys)
    for b, h, i, j in np.ndindex(2, 3, 2, 3):
        length = int(distances[b, queries[b, i], keys[b, j]])
        assert found[b, h, i, j] == scheme.table.weight[21 if length < 0 else length, h]


def test_learned_positions_are_rows() -> None:
    scheme = Learned(3000, 5)
    torch.nn.init.normal_(scheme.weight)
    assert torch.equal(
        scheme(torch.tensor([[2999, 0, 1500]]))[0], torch.stack([scheme.weight[i] for i in (2999, 0, 1500)])
    )


@pytest.mark.parametrize("shape", [(9, 4), (3, 11), (14, 14)])
def test_a_grid_is_interpolated_by_cubic_polynomials(shape: tuple[int, int]) -> None:
    scheme = LearnedGrid(5, 7, 3, before=1).double()
    for weight in scheme.parameters():
        torch.nn.init.normal_(weight)
    rows, columns = shape
    tall = papers.resized(papers.exact(scheme.weight), rows)
    expected = papers.resized(tall.swapaxes(0, 1), columns).swapaxes(0, 1).reshape(rows * columns, 3)
    np.testing.assert_allclose(papers.exact(scheme(rows, columns)[1:]), expected, atol=1e-12)
