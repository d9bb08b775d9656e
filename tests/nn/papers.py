"""Equations as their papers write them, in float64 with numpy and Python's numbers: nothing here comes from cutaway."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

Array = np.ndarray[Any, np.dtype[np.float64]]


def exact(x: Tensor) -> Array:
    return x.detach().double().numpy()


def linear(x: Array, layer: Any) -> Array:
    """The product x Wᵀ + b with the weights of a layer."""
    y = x @ exact(layer.weight).T
    return y if layer.bias is None else y + exact(layer.bias)


def sinusoid(position: int, channel: int, width: int, base: float) -> float:
    """PE(pos, 2i) = sin(pos / base^(2i/d)), PE(pos, 2i+1) = cos(pos / base^(2i/d)) (Vaswani et al. 2017, 3.5)."""
    angle = position / base ** (2 * (channel // 2) / width)
    return math.cos(angle) if channel % 2 else math.sin(angle)


def inclusive_sinusoid(position: int, channel: int, width: int, base: float) -> float:
    """Channel i < n = ⌊d/2⌋: sin(pos · base^(−i/(n − 1))); n + i: its cosine; a last one: 0 (tensor2tensor)."""
    count = width // 2
    if channel == 2 * count:
        return 0.0
    angle = position * math.exp(-math.log(base) * (channel % count) / (count - 1))
    return math.sin(angle) if channel < count else math.cos(angle)


def frequencies(width: int, base: float) -> list[float]:
    """θ_i = base^(−2(i−1)/d) for i from 1 to d/2 (Su et al. 2021, eq. 15)."""
    return [base ** (-2 * (i - 1) / width) for i in range(1, width // 2 + 1)]


def llama3(angle: float, factor: float, slow: float, fast: float, context: int) -> float:
    """`apply_scaling` of Llama 3.1, by wavelengths."""
    wavelength = 2 * math.pi / angle
    if wavelength < context / fast:
        return angle
    if wavelength > context / slow:
        return angle / factor
    smooth = (context / wavelength - slow) / (fast - slow)
    return (1 - smooth) * angle / factor + smooth * angle


def yarn(angles: Sequence[float], factor: float, slow: float, fast: float, base: float, context: int) -> list[float]:
    """`yarn_find_correction_range` and `yarn_linear_ramp_mask` of DeepSeek-V2's code."""
    width = 2 * len(angles)

    def correction(turns: float) -> float:
        return width * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = max(math.floor(correction(fast)), 0), min(math.ceil(correction(slow)), width - 1)
    scaled = []
    for i, angle in enumerate(angles):
        ramp = min(1.0, max(0.0, (i - low) / (high - low)))
        scaled.append(angle / factor * ramp + angle * (1 - ramp))
    return scaled


def dynamic_ntk(width: int, base: float, factor: float, context: int, length: int) -> list[float]:
    """Frequencies of the base b · (s L'/L − (s − 1))^(d/(d−2)), unscaled within L (Peng et al. 2023, 3.3; its code)."""
    grown = base if length <= context else base * (factor * length / context - (factor - 1)) ** (width / (width - 2))
    return frequencies(width, grown)


def rotated(x: Array, positions: Sequence[int], angles: Sequence[float]) -> Array:
    """R_m x (Su et al. 2021, eq. 15) for x of (T, D), where the pairs are (i, i + D/2), as in Llama's weights."""
    y, half = x.copy(), x.shape[-1] // 2
    for t, position in enumerate(positions):
        for i, angle in enumerate(angles):
            cos, sin = math.cos(position * angle), math.sin(position * angle)
            y[t, i] = x[t, i] * cos - x[t, i + half] * sin
            y[t, i + half] = x[t, i] * sin + x[t, i + half] * cos
    return y


def alibi_slopes(heads: int) -> list[float]:
    """`get_slopes` of Press et al. 2022: a geometric sequence that starts at 2^(−8/n) and has that ratio."""
    closest = 2 ** int(math.log2(heads))
    slopes = [(2 ** (-8 / closest)) ** (i + 1) for i in range(closest)]
    return slopes if closest == heads else slopes + alibi_slopes(2 * closest)[0::2][: heads - closest]


def t5_bucket(past: int, buckets: int, distance: int, bidirectional: bool) -> int:
    """`_relative_position_bucket` of T5's code, for the key `past` tokens before the query."""
    offset = 0
    if bidirectional:
        buckets //= 2
        offset = buckets if past < 0 else 0
        past = abs(past)
    past = max(past, 0)
    exact_ones = buckets // 2
    if past < exact_ones:
        return offset + past
    far = math.log(past / exact_ones) / math.log(distance / exact_ones) * (buckets - exact_ones)
    return offset + min(exact_ones + int(far), buckets - 1)


def cubic(x: float, a: float = -0.75) -> float:
    """The kernel of bicubic interpolation (Keys 1981, eq. 4), with the coefficient that image libraries use."""
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def resized(row: Array, count: int) -> Array:
    """Interpolates along the first axis; samples are centres of pixels, and the borders are repeated."""
    size, samples = len(row), []
    for i in range(count):
        place = (i + 0.5) * size / count - 0.5
        first = math.floor(place) - 1
        taken = [(cubic(place - j), row[min(max(j, 0), size - 1)]) for j in range(first, first + 4)]
        samples.append(sum(weight * value for weight, value in taken))
    return np.stack(samples)


@dataclass(frozen=True)
class Scores:
    """What is done to q · k: softcap · tanh(scale · q · k / softcap) + bias (Gemma 2, section 2)."""

    scale: float
    softcap: float | None = None
    bias: Array | None = None


def attention(q: Array, k: Array, v: Array, allowed: Any, scores: Scores) -> Array:
    """softmax(q kᵀ / √d) v (Vaswani et al. 2017, eq. 1) for (H, Tq, D), (G, Tk, D), (G, Tk, Dv), query by query."""
    heads, queries = q.shape[:2]
    y = np.zeros((heads, queries, v.shape[-1]))
    for h in range(heads):
        group = h // (heads // len(k))
        for i in range(queries):
            keys = [j for j in range(k.shape[1]) if allowed(i, j)]
            if not keys:
                continue
            s = k[group, keys] @ q[h, i] * scores.scale
            s = s if scores.softcap is None else scores.softcap * np.tanh(s / scores.softcap)
            s = s if scores.bias is None else s + scores.bias[h, i, keys]
            weights = np.exp(s - s.max())
            y[h, i] = weights @ v[group, keys] / weights.sum()
    return y


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    """The norm x / RMS(x) · g (Zhang & Sennrich 2019, eq. 4), one vector at a time."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[:-1]):
        square = math.fsum(value * value for value in x[place]) / x.shape[-1]
        y[place] = x[place] / math.sqrt(square + epsilon) * weight
    return y


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """(x − μ) / σ · g + b (Ba et al. 2016, eq. 4), one vector at a time."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape[:-1]):
        mean = math.fsum(x[place]) / x.shape[-1]
        variance = math.fsum((value - mean) ** 2 for value in x[place]) / x.shape[-1]
        y[place] = (x[place] - mean) / math.sqrt(variance + epsilon) * weight + bias
    return y


ACTIVATIONS = {
    "relu": lambda x: max(x, 0.0),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "gelu_tanh": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1),
    "squared_relu": lambda x: x * x if x > 0 else 0.0,
}
"""Hendrycks & Gimpel 2016, section 2; Elfwing et al. 2017, eq. 3; So et al. 2021, section 4."""


def surprise(logits: Array, target: int, smoothing: float = 0.0) -> float:
    """−Σ q(k) log p(k) with q = (1 − ε) δ(k, target) + ε / K (Szegedy et al. 2016, section 7)."""
    top = float(logits.max())
    total = top + math.log(math.fsum(math.exp(value - top) for value in logits))
    return (1 - smoothing) * (total - float(logits[target])) + smoothing * (total - math.fsum(logits) / len(logits))


def row_of_ngram(tokens: Sequence[int], vocabulary: int, rows: int) -> int:
    """The number written by these digits to the base V; with fewer rows, Rabin's hash of them (Karp & Rabin 1987)."""
    n = len(tokens)
    if rows >= vocabulary**n:
        return sum(token * vocabulary ** (n - 1 - i) for i, token in enumerate(tokens))
    return sum((token + 1) * 1_000_003 ** (n - 1 - i) for i, token in enumerate(tokens)) % (2**31 - 1) % rows


def ngrams(texts: Sequence[Sequence[int]], tables: dict[int, Array], vocabulary: int, width: int) -> list[Array]:
    """For each token of each text, the sum of the rows of the n-grams that end there and begin in the same text."""
    found = []
    for text in texts:
        sums = np.zeros((len(text), width))
        for n, table in tables.items():
            for end in range(n, len(text) + 1):
                sums[end - 1] += table[row_of_ngram(text[end - n : end], vocabulary, len(table))]
        found.append(sums)
    return found
