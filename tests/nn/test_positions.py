"""Each position scheme says what its paper says."""

import math

import pytest
import torch

from cutaway.nn.positions import (
    ALiBi,
    Learned,
    LearnedGrid,
    RelativeBias,
    Rotary,
    Sinusoidal,
    deinterleave,
    interleave,
    rotate,
)


def positions(*values: int) -> torch.Tensor:
    return torch.tensor([values])


@pytest.mark.parametrize("width", [8, 7])
def test_sinusoidal_is_the_papers_formula(width: int) -> None:
    table = Sinusoidal(width, base=100.0)(positions(0, 3, 11))[0]
    for row, position in enumerate((0, 3, 11)):
        for column in range(width):
            angle = position / 100 ** (2 * (column // 2) / width)
            expected = math.cos(angle) if column % 2 else math.sin(angle)
            assert table[row, column].item() == pytest.approx(expected, abs=1e-5)


def test_sinusoidal_shifts_are_rotations() -> None:
    """The product of two positions' vectors depends on their distance alone (Vaswani et al. 2017, section 3.5)."""
    table = Sinusoidal(12)(torch.arange(20)[None])[0]
    products = table @ table.T
    for distance in range(10):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


def test_learned_looks_up() -> None:
    scheme = Learned(9, 5)
    torch.nn.init.normal_(scheme.weight)
    assert torch.equal(scheme(positions(4, 0))[0], scheme.weight[[4, 0]])


def grid(rows: int, columns: int, before: int = 0) -> LearnedGrid:
    scheme = LearnedGrid(rows, columns, 5, before=before)
    for weight in scheme.parameters():
        torch.nn.init.normal_(weight)
    return scheme


def test_a_grid_at_its_own_size_is_itself_row_by_row() -> None:
    scheme = grid(3, 4, before=2)
    assert torch.equal(scheme(3, 4), torch.cat([scheme.before, *scheme.weight]))
    assert torch.equal(grid(3, 4)(3, 4)[6], grid(3, 4).weight[1, 2]) is False, "each is drawn anew"


def test_a_grid_of_another_size_has_what_lies_between() -> None:
    scheme = grid(3, 4, before=1)
    wide = scheme(7, 6)
    assert wide.shape == (1 + 42, 5)
    assert torch.equal(wide[:1], scheme.before), "what stands before the grid is no place of it"
    torch.nn.init.constant_(scheme.weight, 2.5)
    torch.testing.assert_close(scheme(5, 9)[1:], torch.full((45, 5), 2.5))
    with torch.no_grad():  # places whose vectors grow evenly from column to column
        scheme.weight.copy_(torch.arange(4.0)[None, :, None].expand(3, 4, 5))
    between = scheme(3, 8)[1:].reshape(3, 8, 5)
    torch.testing.assert_close(between, between[:1, :, :1].expand(3, 8, 5))
    assert (between[:, 1:] > between[:, :-1]).all()


def test_rotated_products_depend_on_the_distance_alone() -> None:
    rotary = Rotary(10)
    q, k = torch.randn(1, 2, 1, 10), torch.randn(1, 2, 1, 10)

    def score(i: int, j: int) -> torch.Tensor:
        return (rotate(q, rotary(positions(i))) * rotate(k, rotary(positions(j)))).sum(dim=-1)

    torch.testing.assert_close(score(9, 4), score(25, 20), atol=1e-4, rtol=1e-4)
    assert (score(9, 4) - score(9, 3)).abs().max() > 1e-2
    assert (score(9, 4) - score(4, 9)).abs().max() > 1e-2, "the direction counts"


def test_rotation_keeps_lengths_and_leaves_position_zero() -> None:
    rotary, x = Rotary(10), torch.randn(1, 3, 2, 10)
    rotated = rotate(x, rotary(positions(0, 7)))
    torch.testing.assert_close(rotated.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(rotated[:, :, 0], x[:, :, 0])


def test_rotary_pairs_halves_as_llama_does() -> None:
    base, width, position = 50.0, 6, 5
    x = torch.randn(1, 1, 1, width)
    rotated = rotate(x, Rotary(width, base=base)(positions(position)))[0, 0, 0]
    for i in range(width // 2):
        angle = position * base ** (-2 * i / width)
        a, b = x[0, 0, 0, i].item(), x[0, 0, 0, i + width // 2].item()
        assert rotated[i].item() == pytest.approx(a * math.cos(angle) - b * math.sin(angle), abs=1e-5)
        assert rotated[i + width // 2].item() == pytest.approx(b * math.cos(angle) + a * math.sin(angle), abs=1e-5)


def test_deinterleaved_vectors_rotate_in_the_papers_pairs() -> None:
    base, width, position = 50.0, 6, 5
    x = torch.randn(1, 2, 1, width)
    found = interleave(rotate(deinterleave(x), Rotary(width, base=base)(positions(position))))
    for i in range(0, width, 2):
        angle = position * base ** (-i / width)
        a, b = x[..., i], x[..., i + 1]
        torch.testing.assert_close(found[..., i], a * math.cos(angle) - b * math.sin(angle))
        torch.testing.assert_close(found[..., i + 1], b * math.cos(angle) + a * math.sin(angle))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_deinterleaving_reorders_one_axis_and_can_be_inverted(axis: int) -> None:
    x = torch.randn(10, 6, 8)
    order = [*range(0, x.shape[axis], 2), *range(1, x.shape[axis], 2)]
    assert torch.equal(deinterleave(x, axis), x.index_select(axis, torch.tensor(order)))
    assert torch.equal(interleave(deinterleave(x, axis), axis), x)
    with pytest.raises(RuntimeError):
        deinterleave(x.narrow(axis, 0, 3), axis)


def test_magnitude_and_scaling_are_of_the_rotation() -> None:
    x = torch.randn(1, 2, 1, 10)
    slowed = Rotary(10, scaling=lambda angles, positions: angles / 4, magnitude=3.0)
    torch.testing.assert_close(rotate(x, slowed(positions(8))), 3 * rotate(x, Rotary(10)(positions(2))))


@pytest.mark.parametrize("width", [6, 7])
def test_halves_are_the_pairs_in_another_order(width: int) -> None:
    pairs = Sinusoidal(width, base=50.0)(positions(0, 3, 11))
    halves = Sinusoidal(width, base=50.0, layout="halves")(positions(0, 3, 11))
    assert torch.equal(halves, torch.cat([pairs[..., 0::2], pairs[..., 1::2]], dim=-1))


def test_the_slowest_inclusive_wave_has_the_base_as_its_length() -> None:
    *_, slow, last = Sinusoidal(9, base=100.0, layout="halves", inclusive=True)(positions(50))[0, 0]
    assert slow.item() == pytest.approx(math.cos(50 / 100))
    assert last.item() == 0


@pytest.mark.parametrize("inclusive", [False, True])
def test_an_offset_shifts_positions(inclusive: bool) -> None:
    plain, shifted = (Sinusoidal(8, inclusive=inclusive, offset=offset) for offset in (0, 3))
    assert torch.equal(shifted(positions(0, 5)), plain(positions(3, 8)))
    assert not torch.equal(shifted(positions(0, 5)), plain(positions(0, 5)))


def test_angles_are_exact_in_a_half_precision_model() -> None:
    exact, half = Rotary(8), Rotary(8).to(torch.bfloat16)
    for one, other in zip(exact(positions(301)), half(positions(301)), strict=True):
        assert torch.equal(one, other)


def test_alibi_slopes_are_the_papers() -> None:
    assert ALiBi(8).slopes == [2**-i for i in range(1, 9)]
    assert ALiBi(6).slopes == [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]
    bias = ALiBi(8)(positions(5), positions(2, 5))
    assert bias[0, 0, 0].tolist() == [-1.5, 0.0]


def test_relative_buckets_are_exact_near_and_logarithmic_far() -> None:
    scheme = RelativeBias(3, buckets=32, distance=128)
    past = torch.arange(400)
    buckets = scheme.bucket(past)
    assert buckets[:16].tolist() == list(range(16))
    assert (buckets[1:] >= buckets[:-1]).all()
    assert buckets[128:].tolist() == [31] * 272
    assert buckets[64].item() == 16 + int(math.log(4) / math.log(8) * 16)
    assert (scheme.bucket(-past) == 0).all(), "a causal scheme spends nothing on the future"


def test_bidirectional_buckets_tell_past_from_future() -> None:
    scheme = RelativeBias(3, buckets=32, distance=128, bidirectional=True)
    distances = torch.arange(1, 200)
    past, future = scheme.bucket(distances), scheme.bucket(-distances)
    assert torch.equal(future, past + 16)
    assert past.max() == 15
