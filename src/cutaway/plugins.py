"""Tasks, position schemes, data readers and model families of other packages, found through entry points.

A package registers an object under a name in one of the groups below. Built-in names come first, so that no package can
replace them; entry points are read only for other names and for lists, and a package is imported only when one of its
names is used.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from cutaway.errors import UserError

TASKS = "cutaway.tasks"
"""Kinds of tasks: records, subclasses of `cutaway.config.task.TaskConfig`."""
POSITIONS = "cutaway.positions"
"""Position schemes: records, subclasses of `cutaway.config.position.PositionPlugin`."""
READERS = "cutaway.readers"
"""File endings without their dot: functions of a path that yield a dict per row."""
FAMILIES = "cutaway.families"
"""The `model_type` of checkpoints: objects of `cutaway.hub.family.Family`."""


def plugin_names(group: str) -> list[str]:
    """The names that installed packages register in a group; nothing is imported."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load_plugin(group: str, name: str, expected: type[Any]) -> Any | None:
    """The object that an installed package registers under a name; None if there is none.

    Args:
        group: one of those above.
        name: in the group.
        expected: the class of the object, or of which it is a subclass.

    Raises:
        UserError: two packages register the name, the package cannot be imported, or the object is something else.
    """
    entries = [entry for entry in entry_points(group=group) if entry.name == name]
    if not entries:
        return None
    if len({entry.value for entry in entries}) > 1:
        packages = " and ".join(sorted({_package(entry) for entry in entries}))
        raise UserError(f"{name!r} of {group} is registered by {packages}: uninstall one of them")
    try:
        found = entries[0].load()
    except Exception as error:  # whatever a package does when it is imported
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{name!r} of the package {_package(entries[0])} cannot be loaded ({reason})") from error
    if not isinstance(found, expected) and not (isinstance(found, type) and issubclass(found, expected)):
        raise UserError(
            f"{name!r} of the package {_package(entries[0])} is no {expected.__name__}: correct its entry point in the "
            f"group {group}"
        )
    return found


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
