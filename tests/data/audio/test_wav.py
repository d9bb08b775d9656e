"""Samples come back as they were written; whatever else a file holds is told in one line that names it."""

import gzip
import re
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data.audio.wav import LONGEST, read_wav, require_length
from cutaway.data.readers import LARGEST_EXPANDED
from cutaway.errors import UserError

RATE = 12_345
LARGEST = {1: 2**7, 2: 2**15, 3: 2**23, 4: 2**31}
WIDTHS = st.sampled_from(sorted(LARGEST))
CONVERT = "ffmpeg -i "


def write(path: Path, rows: list[list[int]], width: int = 2, rate: int = RATE) -> Path:
    """Writes whole numbers, a row a moment and a column a channel, that may be negative for every width."""
    numbers = np.array(rows, np.int64) + (128 if width == 1 else 0)
    data = b"".join(int(number).to_bytes(width, "little", signed=width > 1) for number in numbers.ravel())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(numbers.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


@st.composite
def sounds(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    width, channels = draw(WIDTHS), draw(st.integers(1, 3))
    number = st.integers(-LARGEST[width], LARGEST[width] - 1)
    return draw(st.lists(st.lists(number, min_size=channels, max_size=channels), min_size=1, max_size=7)), width


@settings(max_examples=60)
@given(sound=sounds())
def test_samples_are_shares_of_the_largest_and_channels_are_averaged(
    tmp_path_factory: pytest.TempPathFactory, sound: tuple[list[list[int]], int]
) -> None:
    rows, width = sound
    samples, rate = read_wav(write(tmp_path_factory.mktemp("a") / "a.wav", rows, width))
    assert rate == RATE
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, np.array(rows).mean(axis=1) / LARGEST[width], rtol=1e-6, atol=1e-7)


def test_the_ends_of_the_range_are_reached(tmp_path: Path) -> None:
    for width, largest in LARGEST.items():
        samples, _ = read_wav(write(tmp_path / "a.wav", [[-largest], [0], [largest - 1]], width))
        assert samples[:2].tolist() == [-1, 0]
        assert 0.99 < samples[2] <= 1


def test_another_rate_is_never_resampled(tmp_path: Path) -> None:
    path = write(tmp_path / "my tone.wav", [[1]], rate=44_100)
    assert read_wav(path, 44_100)[1] == 44_100
    with pytest.raises(UserError) as caught:
        read_wav(path, 16_000)
    command = f"ffmpeg -i '{path}' -ar 16000 -c:a pcm_s16le NEW.wav"
    assert str(caught.value) == (
        f"{path} has 44,100 samples a second, and 16,000 are asked for: convert it, such as by {command}"
    )


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(content) if size is None else size) + content


def header(
    kind: int, bits: int, data: bytes = bytes(16), *, size: int | None = None, channels: int = 1, more: bytes = b""
) -> bytes:
    """A file of samples of any kind; `size` is declared instead of the right one, and chunks may follow the data."""
    width = channels * bits // 8
    described = struct.pack("<HHIIHH", kind, channels, RATE, RATE * width, width, bits)
    if kind == 0xFFFE:
        described += struct.pack("<HHI", 22, bits, 0) + struct.pack("<IHHQ", 1, 0, 16, 0x719B3800AA000080)
    body = b"WAVE" + chunk(b"fmt ", described) + chunk(b"data", data, size) + more
    return b"RIFF" + struct.pack("<I", len(body)) + body


def read(path: Path, content: bytes) -> np.ndarray:
    path.write_bytes(content)
    return read_wav(path)[0]


@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF, 0x7FFFF000], ids=["right", "0", "all bits", "of sox"])
@pytest.mark.parametrize("kind", [1, 0xFFFE], ids=["PCM", "extensible"])
def test_samples_are_those_of_the_data_whatever_size_a_stream_declares(
    tmp_path: Path, kind: int, size: int | None
) -> None:
    numbers = np.array([[8192, 0], [-16384, 16384], [32767, -32768]], "<i2")
    samples = read(tmp_path / "a.wav", header(kind, 16, numbers.tobytes(), size=size, channels=2))
    np.testing.assert_allclose(samples, numbers.mean(axis=1) / 2**15)


@pytest.mark.parametrize("bits", [32, 64])
def test_floating_point_samples_stay_as_they_are(tmp_path: Path, bits: int) -> None:
    numbers = np.array([0.25, -1.5, 0.0], f"<f{bits // 8}")
    assert read(tmp_path / "a.wav", header(3, bits, numbers.tobytes())).tolist() == [0.25, -1.5, 0.0]
    numbers[1] = np.nan
    with pytest.raises(UserError, match=r"a\.wav is damaged: sample 2 is nan, not a finite number"):
        read(tmp_path / "a.wav", header(3, bits, numbers.tobytes()))


def test_chunks_around_the_data_are_no_samples(tmp_path: Path) -> None:
    more = chunk(b"LIST", b"odd") + b"\0" + chunk(b"fact", bytes(4))
    assert len(read(tmp_path / "a.wav", header(1, 16, more=more))) == 8
    with pytest.raises(UserError, match=r"a\.wav holds no samples"):
        read(tmp_path / "a.wav", header(1, 16, b"", more=more))
    long = chunk(b"ds64", struct.pack("<QQQI", 0, 8, 4, 0))
    content = header(1, 16, size=0xFFFFFFFF)
    assert len(read(tmp_path / "a.wav", b"RF64" + content[4:12] + long + content[12:])) == 4


def test_a_compressed_file_that_expands_to_far_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header(1, 16, size=0xFFFFFFFF))
        for _ in range(LARGEST_EXPANDED >> 24):
            file.write(bytes(1 << 24))
    with pytest.raises(UserError, match=r"a\.wav\.gz expands to more than 268 MB: decompress it first"):
        read_wav(path)


def test_a_recording_that_is_too_long_for_one_example_is_refused() -> None:
    require_length(Path("a.wav"), LONGEST)
    with pytest.raises(UserError, match=r"a\.wav has 67,108,865 samples, .* at most 67,108,864: cut it into parts"):
        require_length(Path("a.wav"), LONGEST + 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header(7, 8), r"not a WAV file of uncompressed samples \(unknown format: 7\): .*" + CONVERT),
        (header(1, 64), "samples of 64 bits, and 8, 16, 24 or 32 are read: .*" + CONVERT),
        (header(3, 16), "floating-point samples of 16 bits, and 32 or 64 are read: .*" + CONVERT),
        (header(1, 16, channels=0), r"uncompressed samples \(0 channels at 12345 samples per second\): .*" + CONVERT),
        (b"", r"uncompressed samples \(it ends too early\): .*" + CONVERT),
        (header(1, 16)[:30], r"uncompressed samples \(it ends too early\): .*" + CONVERT),
        (header(1, 16)[:36], r"uncompressed samples \(it has no data\): .*" + CONVERT),
        (header(1, 16)[:-5], "is cut short, 5 of 8 samples are there: copy it anew"),
        (header(1, 16)[:-16], "is cut short, 0 of 8 samples are there"),
        (b"OggS" + bytes(60), r"uncompressed samples \(it does not begin with RIFF and WAVE\): .*" + CONVERT),
    ],
    ids=["mu-law", "64 bits", "half", "channels", "empty", "half a header", "header", "truncated", "no data", "ogg"],
)
def test_what_is_no_pcm_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(path)) + ".*" + said) as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)
    assert "-ar" not in str(caught.value)


def test_a_file_without_samples_or_none_at_all_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(UserError, match=r"a\.wav holds no samples"):
        read(path, header(1, 16, b""))
    with pytest.raises(UserError, match=r"cannot read .*b\.wav: No such file"):
        read_wav(tmp_path / "b.wav")


@settings(max_examples=100)
@given(data=st.data())
def test_damage_gives_samples_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = write(tmp_path_factory.mktemp("a") / "a.wav", [[100, -7]] * 5)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        samples, _ = read_wav(path)
    except UserError as error:
        assert str(path) in str(error)  # noqa: PT017 (damage may also leave a sound file)
    else:
        assert samples.ndim == 1
        assert np.isfinite(samples).all()
