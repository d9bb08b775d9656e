"""Other formats than WAV have the same samples, or it is said what to install or to convert."""

import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.data.audio.compressed import read_sound
from cutaway.errors import UserError
from data.audio_files import RATE, tone, write_wav
from support import require_module


@pytest.mark.parametrize("ending", ["flac", "aiff", "wav"])
def test_every_lossless_format_has_the_samples_that_were_written(tmp_path: Path, ending: str) -> None:
    soundfile = require_module("soundfile")
    written = np.stack([tone(440, 300), -tone(700, 300)], axis=1)
    soundfile.write(tmp_path / f"a.{ending}", written, RATE, subtype="PCM_24")
    samples, rate = read_sound(tmp_path / f"a.{ending}", RATE)
    assert rate == RATE
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, written.mean(axis=1), atol=2**-22)


def test_mistakes_are_told(tmp_path: Path) -> None:
    soundfile = require_module("soundfile")
    path = tmp_path / "a.flac"
    with pytest.raises(UserError, match=r"a\.flac cannot be read"):
        read_sound(path)
    soundfile.write(path, tone(440, 300), RATE)
    with pytest.raises(UserError, match=r"8,000 samples a second, and 16,000 are asked for: convert it, .* -ar 16000"):
        read_sound(path, 16_000)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(UserError, match=r"a\.flac cannot be read \(.*\): convert it, such as by ffmpeg") as caught:
        read_sound(path)
    assert "\n" not in str(caught.value)


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert read_sound(write_wav(tmp_path / "a.WAV", tone(440, 300)))[1] == RATE
    with pytest.raises(UserError, match=r"a\.mp3 needs soundfile: install it with pip install 'cutaway\[audio\]', or"):
        read_sound(tmp_path / "a.mp3")
