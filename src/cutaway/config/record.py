"""The base class of all configs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cutaway.display import html_table
from cutaway.errors import UserError


class Record(BaseModel):
    """Frozen choices. Unknown keys are rejected; numbers and words may be given as text.

    A field with several kinds may be given by a kind's name only (``position: alibi``); without a kind, its keys belong
    to the default kind.

    Raises:
        UserError: a key or value is invalid. `model_validate` raises pydantic's error instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, coerce_numbers_to_str=True)

    explain: ClassVar[Callable[[ValidationError, type["Record"]], str]] = lambda error, record: str(error)
    """From an error to one line; `cutaway.config` sets a function that knows all records."""

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise UserError(type(self).explain(error, type(self))) from None

    # Records inside others are validated without `__init__`, so that an error names the whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # read by pydantic alone

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Only what is not the default, so that a repr is short."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, value

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        rows = [
            [key, "none" if value is None else str(value)] for key, value in flattened(self.model_dump(mode="json"))
        ]
        return html_table(["key", "value"], rows, type(self).__name__)

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        understood = dict(given)
        for name, field in cls.model_fields.items():
            value = understood.get(name)
            default = getattr(field.default, "kind", None)
            if default is not None and isinstance(value, str):
                understood[name] = {"kind": value}
            elif default is not None and isinstance(value, dict):
                understood[name] = {"kind": default, **value}
            elif isinstance(value, str) and value.lower() == "none" and type(None) in get_args(field.annotation):
                understood[name] = None
            elif isinstance(value, str) and str not in get_args(field.annotation) and _has_kinds(field.annotation):
                understood[name] = {"kind": value}
        return understood


def flattened(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested choices, with their dotted keys."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{path}{key}.")
        else:
            yield path + key, value


def _has_kinds(annotation: Any) -> bool:
    """Whether a field may contain a record of several kinds, besides None."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return "kind" in annotation.model_fields
    return any(_has_kinds(part) for part in get_args(annotation))
