"""FLAC, Ogg, MP3 and other formats, through soundfile (libsndfile)."""

from importlib import import_module
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from cutaway.data.audio.wav import BLOCK, LONGEST, conversion, read_wav, require_finite, require_length, require_rate
from cutaway.errors import UserError
from cutaway.files import require_file

WAV_ENDINGS = (".wav", ".wave")
ENDINGS = (*WAV_ENDINGS, ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf")


def read_sound(path: Path, rate: int | None = None) -> tuple[Float32[np.ndarray, " N"], int]:
    """The samples of a file and its sample rate: WAV by `read_wav`, other formats by soundfile, if it is installed.

    Several channels are averaged. Nothing is resampled.

    Args:
        path: the file.
        rate: the required sample rate; any if not given.

    Raises:
        UserError: for the reasons given in `read_wav`, or soundfile is not installed.
    """
    if path.suffix.lower() not in ENDINGS[len(WAV_ENDINGS) :]:
        return read_wav(path, rate)
    try:
        soundfile = import_module("soundfile")  # optional, and without types
    except (ImportError, OSError) as error:  # OSError: libsndfile is missing
        needs = "needs soundfile: install it with pip install 'cutaway[audio]', or"
        raise UserError(f"reading {path} {needs} {conversion(path, rate)}") from error
    require_file(path)
    blocks: list[np.ndarray] = []
    count = 0
    try:
        with soundfile.SoundFile(path) as sound:
            found = int(sound.samplerate)
            if rate is not None:
                require_rate(path, found, rate)
            for block in sound.blocks(BLOCK, dtype="float32", always_2d=True):
                blocks.append(block.mean(axis=1))
                count += len(block)
                if count > LONGEST:
                    break
    except soundfile.SoundFileError as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise UserError(f"{path} cannot be read ({reason}): {conversion(path, rate)}") from error
    require_length(path, count)
    samples = np.concatenate(blocks)
    require_finite(path, samples)
    return samples, found
