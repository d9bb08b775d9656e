"""What a shell completes: presets, keys, tasks and run folders; nothing here imports torch."""

from collections.abc import Iterable
from pathlib import Path

import typer

RUNS = Path("runs")
"""Where `cutaway train` makes its folders."""


def complete_choices(context: typer.Context, incomplete: str) -> list[str]:
    """Presets, unless one is named, and keys with their equals sign."""
    from cutaway.config.reading import presets
    from cutaway.config.reference import dotted_keys

    named = any("=" not in word for word in context.params.get("words") or [])
    keys = sorted({f"{key}=" for key in dotted_keys()})
    return _starting(incomplete, [*([] if named else presets()), *keys])


def complete_keys(incomplete: str) -> list[str]:
    """Keys of a run."""
    from cutaway.config.reference import dotted_keys

    return _starting(incomplete, sorted(set(dotted_keys())))


def complete_tasks(incomplete: str) -> list[str]:
    """Tasks that can be trained."""
    from cutaway.config.task import trained_kinds

    return _starting(incomplete, [kind.replace("_", "-") for kind in trained_kinds()])


def complete_runs(incomplete: str) -> list[str]:
    """Run folders here and in `runs`, and other folders, with a slash."""
    start, slash, _ = incomplete.rpartition("/")
    here = Path(start + slash) if slash else Path()
    folders = [*_folders(here), *([] if slash else _folders(RUNS))]
    shown = [folder.as_posix() if (folder / "run.yaml").is_file() else f"{folder.as_posix()}/" for folder in folders]
    return _starting(incomplete, shown)


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _starting(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
