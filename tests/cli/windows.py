"""A program of its own: the command line where what Windows lacks is lacking, and what Windows refuses is refused.

Modules, functions and signals of POSIX are gone, no folder can be opened, what may only be read cannot be flushed, no
file that is open or mapped can be removed or renamed, lines of text end in two characters, and pipes have a code page.
"""

import errno
import fcntl
import io
import os
import pkgutil
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO

# What others do on this system is their own affair: they are imported before anything is taken away.
OTHERS = ("jinja2.sandbox", "numpy", "pydantic", "rich.progress", "safetensors.torch", "tokenizers", "torch._dynamo")
for other in (*OTHERS, "typer"):
    import_module(other)

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
FUNCTIONS = ("O_DIRECTORY", "fork", "getuid", "killpg", "mkfifo", "sched_getaffinity", "statvfs", "sysconf", "uname")
SIGNALS = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "pthread_sigmask")
TEXT = "the cat sat on a mat\nand ate a λ that ran far\n" * 30
TINY = (
    *("model.width=16", "model.layers=1", "model.attention.heads=2", "model.context=8", "train.batch_size=2"),
    *("train.sample_tokens=5", "train.device=cpu", "train.precision=fp32", "train.steps=3", "train.save_every=1"),
    *("train.keep=1", "train.evaluate_every=2", "train.sample_every=2"),
)


def take_away() -> None:
    """Leaves this process what Windows has."""
    flags, accesses = fcntl.fcntl, fcntl.F_GETFL
    fsync = os.fsync

    def flush(descriptor: int) -> None:
        if flags(descriptor, accesses) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "cannot flush what may only be read")
        fsync(descriptor)

    os.fsync, io.open = flush, partial(open_text, io.open)
    for name in MODULES:
        sys.modules[name] = None  # cannot be imported
    for module, names in ((os, FUNCTIONS), (signal, SIGNALS)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    shutil._use_fd_functions = False
    sys.addaudithook(refuse)


def open_text(
    open_as_here: Callable[..., IO[str] | IO[bytes]],
    file: object,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> IO[str] | IO[bytes]:
    """Opens a file whose lines end as on Windows if it is written as text."""
    if newline is None and "b" not in mode and set(mode) & set("wax+"):
        newline = "\r\n"
    return open_as_here(file, mode, buffering, encoding, errors, newline)


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Raises what Windows raises."""
    if event == "open" and isinstance(arguments[0], str) and Path(arguments[0]).is_dir():
        raise PermissionError(errno.EACCES, "cannot open a folder", arguments[0])
    if event in ("os.remove", "os.rename"):
        for path in map(os.path.realpath, arguments[: 2 if event == "os.rename" else 1]):
            if any(used == path or used.startswith(path + os.sep) for used in in_use()):
                raise PermissionError(errno.EACCES, "cannot touch what is in use", path)


def in_use() -> set[str]:
    """The paths of all files that this process has open, or mapped into its memory."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    mapped = {line.split(maxsplit=5)[-1] for line in lines}
    return mapped | {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}


def cutaway(*words: str) -> str:
    """What a command prints that goes well."""
    from cutaway.cli import main

    printed = io.BytesIO()
    sys.argv, sys.stdout = ["cutaway", *words], io.TextIOWrapper(printed, encoding="cp1252")
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdout.detach()
        sys.stdout = sys.__stdout__
    assert not status, (words, status, printed.getvalue())
    return printed.getvalue().decode()


if __name__ == "__main__":
    warnings.filterwarnings("error", category=EncodingWarning, module="cutaway")
    take_away()
    package = import_module("cutaway")
    for module in pkgutil.walk_packages(package.__path__, "cutaway."):
        import_module(module.name)
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    cutaway("train", "gpt-nano", "--data", "text.txt", "--out", "run", *TINY)
    cutaway("train", "--resume", "run", "train.steps=5")
    assert b"\r" not in Path("run/metrics.jsonl").read_bytes()
    assert "λ" in cutaway("generate", "run", "a λ", "--max-new-tokens", "3")
    assert "minutes" in cutaway("plan", "gpt-nano", *TINY, "model.vocabulary=20")
    assert " hold" in cutaway("check", "run")
    assert "loss" in cutaway("evaluate", "run", "--data", "text.txt")
    assert "█" in cutaway("train", "gpt-nano", "--data", "text.txt", *TINY, "--find-lr")
    print("all of it")
