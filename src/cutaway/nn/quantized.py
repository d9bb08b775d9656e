"""Weights of 8 and of 4 bits."""

from abc import abstractmethod
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int8, UInt8
from torch import Tensor

from cutaway.nn.layers import without_autocast
from cutaway.nn.stored import Stored, is_right

LARGEST = 127
GROUP = 32
"""Consecutive inputs of an output that share a scale and a zero in 4 bits."""
BLOCKS = (64, 32)
"""The numbers of rows that torch's 4-bit kernel may interleave, depending on the processor."""
EXACT = 1024
"""Inputs whose products of 8 bits have a sum that is exact in fp32: 1024 · 127² < 2²⁴."""
MANY = 32
"""Rows above which multiplying by a dequantized matrix is faster than the 4-bit kernel."""


def round_rows(x: Float[Tensor, "rows C"]) -> tuple[Int8[Tensor, "rows C"], Float[Tensor, "rows 1"]]:
    """Rounds each row: n = round(x / s) with s = max |x| / 127, so that |x − s n| ≤ s / 2."""
    x = x.float()
    scale = x.abs().amax(dim=-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / LARGEST
    return (x / scale).round_().to(torch.int8), scale


class EightBits(Stored):
    """y = (m · n) s t with integers m of W and n of x, a scale t per row of W, and a scale s per row of x.

    The sum of integers is exact and rounded once, so that all kernels give the same bits, and a row of x does not
    depend on its neighbours.

    Args:
        numbers: m.
        scales: t.
    """

    form = "q8"

    def __init__(self, numbers: Int8[Tensor, "N C"], scales: Float[Tensor, " N"]) -> None:
        self._scales = scales
        self.device = scales.device

    @abstractmethod
    def sums(self, numbers: Int8[Tensor, "rows C"]) -> Float[Tensor, "rows N"]:
        """The sums m · n for each row of x and of W, in fp32."""

    @abstractmethod
    def numbers(self) -> Int8[Tensor, "N C"]:
        """The integers of W."""

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """The equation."""
        numbers, scale = round_rows(x.reshape(-1, x.shape[-1]))
        y = (self.sums(numbers) * self._scales * scale).to(x.dtype)
        y = y.view(*x.shape[:-1], y.shape[1])
        return y if bias is None else y + bias

    def plain(self) -> Tensor:
        """W ≈ t m, in fp32."""
        return self.numbers() * self._scales[:, None]

    def parts(self) -> tuple[Any, ...]:
        """The integers and the scales."""
        return self.numbers(), self._scales


class UnpackedBytes(EightBits):
    """A byte per integer, in rows."""

    def __init__(self, numbers: Tensor, scales: Tensor) -> None:
        super().__init__(numbers, scales)
        self._numbers = numbers

    def numbers(self) -> Tensor:
        """As given."""
        return self._numbers


class ExactSums(UnpackedBytes):
    """The plain sums: of floating-point numbers, few enough at a time to be exact."""

    def sums(self, numbers: Tensor) -> Tensor:
        """Adds up the sums of `EXACT` inputs each."""
        total = torch.zeros(len(numbers), len(self._numbers), dtype=torch.float64, device=numbers.device)
        with without_autocast(numbers.device):
            for ours, theirs in zip(numbers.split(EXACT, 1), self._numbers.split(EXACT, 1), strict=True):
                total += F.linear(ours.float(), theirs.float())
        return total.float()


class IntegerSums(UnpackedBytes):
    """The sums by torch's product of integer matrices."""

    def sums(self, numbers: Tensor) -> Tensor:
        """One product."""
        return torch._int_mm(numbers, self._numbers.T).float()


class PackedSums(EightBits):
    """The sums by oneDNN, which reads W in its own blocks."""

    def __init__(self, numbers: Tensor, scales: Tensor) -> None:
        super().__init__(numbers, scales)
        self._blocks = torch.ops.onednn.qlinear_prepack(numbers, None)
        self._inputs, outputs = numbers.shape[1], len(numbers)
        self._ones = torch.ones(outputs)  # scales that leave sums as they are
        self._zeros = torch.zeros(outputs, dtype=torch.long)

    def sums(self, numbers: Tensor) -> Tensor:
        """One product."""
        y: Tensor = torch.ops.onednn.qlinear_pointwise(
            *(numbers, 1.0, 0, self._blocks, self._ones, self._zeros),
            *(None, 1.0, 0, torch.float32, "none", [], ""),
        )
        return y

    def numbers(self) -> Tensor:
        """Unpacks by a product with the identity, which is exact."""
        return self.sums(torch.eye(self._inputs, dtype=torch.int8)).T.to(torch.int8).contiguous()


SUMS: dict[str, type[EightBits]] = {"integers": IntegerSums, "packed integers": PackedSums}
"""Fast kernels by name; which is faster depends on the shape."""


def usable_sums(shape: torch.Size, device: torch.device) -> dict[str, type[EightBits]]:
    """The fast kernels that are right here, or else the plain one."""
    fast = {name: kernel for name, kernel in SUMS.items() if is_exact(kernel, shape, device)}
    return fast or {"exact": ExactSums}


def store_in_8_bits(weight: Float[Tensor, "N C"], kernel: type[EightBits] | None = None) -> EightBits:
    """Rounds W to 8 bits, with a scale per row (Dettmers et al. 2022, section 2.1).

    Args:
        weight: W.
        kernel: one of `usable_sums`; by default the first of them.
    """
    numbers, scales = round_rows(weight.detach())
    kernel = kernel or next(iter(usable_sums(numbers.shape, numbers.device).values()))
    return kernel(numbers, scales[:, 0])


@cache
def is_exact(kernel: Callable[[Tensor, Tensor], EightBits], shape: torch.Size, device: torch.device) -> bool:
    """Whether a kernel exists here, and its sums are exact: some processors overflow in sums of 8-bit products."""
    generator = torch.Generator().manual_seed(0)
    matrix, x = (
        torch.randint(-LARGEST, LARGEST + 1, (rows, shape[1]), generator=generator, dtype=torch.int8).to(device)
        for rows in (shape[0], 3)
    )
    x[1], x[2] = LARGEST * matrix[0].sign(), -LARGEST * matrix[0].sign()
    ones = torch.ones(shape[0], device=device)
    expected = ExactSums(matrix, ones).sums(x)
    try:
        stored = kernel(matrix, ones)
        found = [stored.sums(x), stored.sums(x[1:2])]
    except (RuntimeError, AttributeError, NotImplementedError):  # of an operator that is missing or does not take it
        return False
    return torch.equal(found[0], expected) and torch.equal(found[1], expected[1:2])


class FourBits(Stored):
    """W ≈ (m − 8) s + z with integers 0 ≤ m < 16; `GROUP` inputs of a row share s and z, which are of bf16.

    So there are five bits per weight.

    Args:
        numbers: m; whole groups, and zeros after the last input.
        scales: s and z of each group and output.
        inputs: C.
    """

    form = "q4"

    def __init__(self, numbers: UInt8[Tensor, "N P"], scales: Float[Tensor, "G N 2"], inputs: int) -> None:
        self._scales = scales
        self._inputs = inputs
        self.device = scales.device

    @abstractmethod
    def numbers(self) -> UInt8[Tensor, "N P"]:
        """The integers."""

    def plain(self) -> Tensor:
        """W, in fp32."""
        numbers = self.numbers().unflatten(1, (-1, GROUP)).float()
        scale, zero = self._scales.float().permute(2, 1, 0)[..., None]  # (N, G, 1) each
        return numbers.sub_(8).mul_(scale).add_(zero).flatten(1)[:, : self._inputs]

    def parts(self) -> tuple[Any, ...]:
        """The integers, the scales, and the number of inputs."""
        return self.numbers(), self._scales, self._inputs


class Nibbles(FourBits):
    """Two integers per byte: of an input of the first half, and of the second."""

    def __init__(self, numbers: Tensor, scales: Tensor, inputs: int) -> None:
        super().__init__(numbers, scales, inputs)
        low, high = numbers.chunk(2, dim=1)
        self._bytes = low | high << 4

    def numbers(self) -> Tensor:
        """Unpacks them."""
        return torch.cat([self._bytes & 15, self._bytes >> 4], dim=1)

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Multiplies by the dequantized matrix."""
        return F.linear(x, self.plain().to(x.dtype), bias)


class InterleavedNibbles(FourBits):
    """Two integers per byte as torch's 4-bit kernel takes them, which multiplies in bf16."""

    def __init__(self, numbers: Tensor, scales: Tensor, inputs: int) -> None:
        super().__init__(numbers, scales, inputs)
        self._bytes = torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers.int(), 1)
        found = (block for block in BLOCKS if torch.equal(self._unpack(block), numbers))
        self._block = next(found, None)
        if self._block is None:
            raise NotImplementedError("the kernel interleaves rows in an unknown way")

    def numbers(self) -> Tensor:
        """Unpacks them."""
        return self._unpack(self._block or 0)

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """The kernel for few rows; for many, the product with the dequantized matrix, likewise in bf16."""
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        if len(rows) > MANY:
            y = F.linear(rows, self.plain().bfloat16())
        else:
            y = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self._bytes, GROUP, self._scales)
        y = y.to(x.dtype).view(*x.shape[:-1], y.shape[1])
        return y if bias is None else y + bias

    def _unpack(self, block: int) -> Tensor:
        """Bytes (N / block, P, block / 2), with rows i and i + block / 2 of a block in one."""
        outputs, width = len(self._bytes), 2 * self._bytes.shape[1]
        if outputs % block:
            return self._bytes
        pairs = self._bytes.view(outputs // block, width, block // 2)
        return torch.cat([pairs & 15, pairs >> 4], dim=2).transpose(1, 2).reshape(outputs, width)


def store_in_4_bits(weight: Float[Tensor, "N C"]) -> FourBits:
    """Rounds W to 4 bits: |W − W'| ≤ s / 2 + |z| / 256, half a step and the rounding of z."""
    has_kernel = is_right(_interleaved, weight.shape, torch.bfloat16, weight.device)
    return _interleaved(weight) if has_kernel else Nibbles(*_round_groups(weight), weight.shape[1])


def _interleaved(weight: Tensor) -> FourBits:
    return InterleavedNibbles(*_round_groups(weight), weight.shape[1])


def _round_groups(weight: Tensor) -> tuple[Tensor, Tensor]:
    groups = F.pad(weight.detach().float(), (0, -weight.shape[1] % GROUP)).unflatten(1, (-1, GROUP))
    least, most = groups.aminmax(dim=2, keepdim=True)
    up = 1 + 2**-8  # so that rounding to bf16 does not make it too small
    scale = ((most - least) * (up / 15)).clamp(min=torch.finfo(torch.float32).tiny).bfloat16().float()
    zero = (least + 8 * scale).bfloat16().float()
    numbers = ((groups - zero) / scale).round_().add_(8).clamp_(0, 15).to(torch.uint8).flatten(1)
    return numbers, torch.cat([scale, zero], dim=2).transpose(0, 1).bfloat16().contiguous()
